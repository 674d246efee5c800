import { z } from 'zod';
import type { ItemInput } from '../contracts/feedback.ts';
import type { Problem } from '../domain/errors.ts';
import type { Item, Rubric } from '../domain/item.ts';
import { listProblems } from './envelope.ts';
import { cleanText, isNotBlank, passage } from './passage.ts';
import { check, invalid, type Checked } from './problems.ts';

/**
 * The body of `POST /v1/feedback/preferences`. The request is checked as a whole; each item is checked by
 * itself, so that a bad one becomes an `invalid_item` and never fails its neighbours.
 */
const messageSchema = z
  .strictObject({ role: cleanText.min(1).max(64), content: cleanText })
  .meta({ id: 'FeedbackMessage' });

const messagesSchema = z
  .array(messageSchema)
  .min(1)
  .refine((messages) => messages.some((message) => isNotBlank(message.content)), {
    error: 'must not be blank in every message',
  });

const preferenceItemSchema = z
  .strictObject({
    id: cleanText.min(1).max(256).nullish().meta({
      description:
        'Your own name for the item, unique in the request; made up from the position when absent.',
      example: 'row-17',
    }),
    prompt: z.union([passage, messagesSchema]).meta({
      description: 'What was asked: text, or a list of chat messages.',
      example: 'Is it safe to eat raw flour?',
    }),
    candidates: z
      .array(passage)
      .length(2)
      .meta({
        description: 'The two responses to compare: the first is `a`, the second `b`.',
        example: ['No: it is not heat-treated and can carry bacteria.', 'Sure.'],
      }),
    rubric: cleanText.min(1).max(256).nullish().meta({
      description: 'Name of a configured rubric, as `name@version`; the general one when absent.',
    }),
    metadata: z.record(z.string(), z.unknown()).nullish().meta({
      description: 'Your own data: comes back with the verdict, no judge sees it.',
    }),
  })
  .meta({ id: 'PreferenceItem' });

const policyField = z
  .string()
  .min(1)
  .nullish()
  .meta({ description: "Name of a policy; the gateway's first one when absent.", example: 'default' });

/** What the API description shows. The gateway itself checks the items one by one. */
export const preferencesRequestSchema = z
  .strictObject({ policy: policyField, items: z.array(preferenceItemSchema) })
  .meta({ id: 'PreferencesRequest' });

const requestFrame = z.strictObject({ policy: policyField, items: z.array(z.unknown()) });

export interface PreferencesRequest {
  /** Undefined when the caller named none. */
  readonly policy: string | undefined;
  readonly items: readonly ItemInput[];
}

export interface ItemRules {
  /** Most items in one request. */
  readonly maxItems: number;
  /** Rubrics by `name@version`. */
  readonly rubrics: ReadonlyMap<string, Rubric>;
}

/** Reads a preferences request; fails only for what is wrong with the request as a whole, all at once. */
export function parsePreferences(body: unknown, rules: ItemRules): Checked<PreferencesRequest> {
  const frame = check(requestFrame, body);
  const problems = frame.ok ? [] : [...frame.problems];
  const count = itemCount(body);
  if (count > rules.maxItems) {
    problems.push(invalid('items', `must have at most ${rules.maxItems} entries, found ${count}`));
  }
  if (!frame.ok || problems.length > 0) return { ok: false, problems };
  const { policy, items } = frame.value;
  return { ok: true, value: { policy: policy ?? undefined, items: readItems(items, rules.rubrics) } };
}

function itemCount(body: unknown): number {
  const isObject = typeof body === 'object' && body !== null && 'items' in body;
  return isObject && Array.isArray(body.items) ? body.items.length : 0;
}

function readItems(items: readonly unknown[], rubrics: ReadonlyMap<string, Rubric>): ItemInput[] {
  const ids = nameItems(items);
  const firstPositions = new Map<string, number>();
  return items.map((raw, position) => {
    const id = ids[position] ?? madeUpId(position);
    const problems: Problem[] = [];
    const first = firstPositions.get(id);
    if (first === undefined) firstPositions.set(id, position);
    else problems.push(invalid(`items[${position}].id`, `repeats the id of items[${first}]`));
    return readItem({ raw, position, id, rubrics }, problems);
  });
}

interface RawItem {
  readonly raw: unknown;
  readonly position: number;
  readonly id: string;
  readonly rubrics: ReadonlyMap<string, Rubric>;
}

function readItem({ raw, position, id, rubrics }: RawItem, problems: Problem[]): ItemInput {
  const checked = check(preferenceItemSchema, raw, ['items', position]);
  if (!checked.ok) return rejected(id, raw, [...problems, ...checked.problems]);
  const { prompt, candidates, metadata } = checked.value;
  const rubricId = checked.value.rubric ?? undefined;
  const rubric = rubricId === undefined ? undefined : rubrics.get(rubricId);
  if (rubricId !== undefined && rubric === undefined) {
    problems.push(invalid(`items[${position}].rubric`, unknownRubric(rubrics)));
  }
  if (problems.length > 0) return rejected(id, raw, problems);
  const item: Item = { id, prompt, candidates, rubric, metadata: metadata ?? {} };
  return { ok: true, item };
}

function unknownRubric(rubrics: ReadonlyMap<string, Rubric>): string {
  const known = [...rubrics.keys()].slice(0, 20).join(', ');
  return `is not a known rubric; ${known === '' ? 'none is configured' : `known: ${known}`}`;
}

function rejected(id: string, raw: unknown, problems: readonly Problem[]): ItemInput {
  const problem: Problem = {
    code: 'invalid_request',
    message: listProblems(problems),
    param: problems[0]?.param ?? null,
  };
  return { ok: false, id, problem, metadata: metadataOf(raw) };
}

const carriesMetadata = z.looseObject({ metadata: z.record(z.string(), z.unknown()) });
const carriesId = z.looseObject({ id: cleanText.min(1).max(256) });

/** Metadata comes back even with an item that cannot be read, so that the caller can tell which it was. */
function metadataOf(raw: unknown): Readonly<Record<string, unknown>> {
  const read = carriesMetadata.safeParse(raw);
  return read.success ? read.data.metadata : {};
}

/** The caller's ids, and made-up ones that none of them equals. */
function nameItems(items: readonly unknown[]): string[] {
  const given = items.map((raw) => {
    const read = carriesId.safeParse(raw);
    return read.success ? read.data.id : undefined;
  });
  const taken = new Set(given);
  return given.map((id, position) => {
    if (id !== undefined) return id;
    let name = madeUpId(position);
    while (taken.has(name)) name += '_';
    return name;
  });
}

function madeUpId(position: number): string {
  return `item-${position}`;
}
