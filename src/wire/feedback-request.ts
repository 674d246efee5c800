import { z } from 'zod';
import type { ItemInput } from '../contracts/feedback.ts';
import type { Task } from '../domain/task.ts';
import {
  cohortItemSchema,
  critiqueItemSchema,
  type ItemNames,
  preferenceItemSchema,
  rankingItemSchema,
  readItem,
  scoreItemSchema,
} from './feedback-item.ts';
import { cleanText } from './passage.ts';
import { check, invalid, type Checked } from './problems.ts';

/**
 * The body of `POST /v1/feedback/<kind>`, the same for every kind. The request is checked as a whole; each
 * item is checked by itself, so that a bad one becomes an `invalid_item` and never fails its neighbours.
 */
export const policyField = z.string().min(1).nullish().meta({
  description: "Name of a policy that gives this kind of feedback; the gateway's first one when absent.",
  example: 'default',
});

function requestOf(item: z.ZodType, id: string) {
  return z.strictObject({ policy: policyField, items: z.array(item) }).meta({ id });
}

/** What the API description shows. The gateway itself checks the items one by one. */
export const requestSchemas = {
  preference: requestOf(preferenceItemSchema, 'PreferencesRequest'),
  score: requestOf(scoreItemSchema, 'ScoresRequest'),
  critique: requestOf(critiqueItemSchema, 'CritiquesRequest'),
  ranking: requestOf(z.union([rankingItemSchema, cohortItemSchema]), 'RankingsRequest'),
};

const requestFrame = z.strictObject({ policy: policyField, items: z.array(z.unknown()) });

export interface FeedbackRequest {
  /** Undefined when the caller named none. */
  readonly policy: string | undefined;
  readonly items: readonly ItemInput[];
}

export interface ItemRules extends ItemNames {
  /** Most items in one request. */
  readonly maxItems: number;
}

/** Reads a feedback request; fails only for what is wrong with the request as a whole, all at once. */
export function parseFeedback(task: Task, body: unknown, rules: ItemRules): Checked<FeedbackRequest> {
  const frame = check(requestFrame, body);
  const problems = frame.ok ? [] : [...frame.problems];
  const count = itemCount(body);
  if (count > rules.maxItems) {
    problems.push(invalid('items', `must have at most ${rules.maxItems} entries, found ${count}`));
  }
  if (!frame.ok || problems.length > 0) return { ok: false, problems };
  const { policy, items } = frame.value;
  return { ok: true, value: { policy: policy ?? undefined, items: readItems(task, items, rules) } };
}

function itemCount(body: unknown): number {
  const isObject = typeof body === 'object' && body !== null && 'items' in body;
  return isObject && Array.isArray(body.items) ? body.items.length : 0;
}

function readItems(task: Task, items: readonly unknown[], names: ItemNames): ItemInput[] {
  const ids = nameItems(items);
  const firstPositions = new Map<string, number>();
  return items.map((raw, position) => {
    const id = ids[position] ?? madeUpId(position);
    const first = firstPositions.get(id);
    if (first === undefined) firstPositions.set(id, position);
    const problems =
      first === undefined ? [] : [invalid(`items[${position}].id`, `repeats the id of items[${first}]`)];
    return readItem(task, { raw, list: 'items', position, id, problems }, names);
  });
}

/** Reads the items of a JSONL body one by one; remembers the ids, as each must be another one. */
export function createLineReader(task: Task, names: ItemNames): (line: number, raw: unknown) => ItemInput {
  const firstLines = new Map<string, number>();
  return (line, raw) => {
    const read = carriesId.safeParse(raw);
    const id = read.success ? read.data.id : `line-${line}`;
    const first = firstLines.get(id);
    if (first === undefined) firstLines.set(id, line);
    const problems =
      first === undefined ? [] : [invalid(`lines[${line}].id`, `repeats the id of line ${first}`)];
    return readItem(task, { raw, list: 'lines', position: line, id, problems }, names);
  };
}

/** A line that holds no item at all; `statement` is what is wrong with it, such as `is not JSON`. */
export function unreadableLine(line: number, statement: string): ItemInput {
  const problem = invalid(`lines[${line}]`, statement);
  return { ok: false, id: `line-${line}`, problem, metadata: {} };
}

const carriesId = z.looseObject({ id: cleanText.min(1).max(256) });

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
