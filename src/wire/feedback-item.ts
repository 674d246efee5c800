import { z } from 'zod';
import type { ItemInput } from '../contracts/feedback.ts';
import type { Constitution } from '../domain/constitution.ts';
import type { Problem } from '../domain/errors.ts';
import type { Item, Wishes } from '../domain/item.ts';
import type { Rubric } from '../domain/rubric.ts';
import { CANDIDATES, type Task } from '../domain/task.ts';
import { listProblems } from './envelope.ts';
import { cleanText, isNotBlank, passage } from './passage.ts';
import { check, invalid } from './problems.ts';

/** One item of a feedback request, by task. What is wrong with it is told all at once, under its own place. */
const messageSchema = z
  .strictObject({ role: cleanText.min(1).max(64), content: cleanText })
  .meta({ id: 'FeedbackMessage' });

const messagesSchema = z
  .array(messageSchema)
  .min(1)
  .refine((messages) => messages.some((message) => isNotBlank(message.content)), {
    error: 'must not be blank in every message',
  });

const name = cleanText.min(1).max(256);

const common = {
  id: name.nullish().meta({
    description: 'Your own name for the item, unique in the request; made up from the position when absent.',
    example: 'row-17',
  }),
  prompt: z.union([passage, messagesSchema]).meta({
    description: 'What was asked: text, or a list of chat messages.',
    example: 'Is it safe to eat raw flour?',
  }),
};

/** Every kind of item may have been drawn before it came. */
const inclusion = z.number().positive().max(1).nullish().meta({
  description: 'Probability with which you drew the item; the verdict carries it, and exports weigh by it.',
  example: 0.25,
});

const metadata = z.record(z.string(), z.unknown()).nullish().meta({
  description: 'Your own data: comes back with the verdict, no judge sees it.',
});

const rubric = name.nullish().meta({
  description: 'Name of a configured rubric, as `name@version`; the general one when absent.',
});

const reasons = z.boolean().nullish().meta({
  description: 'Tell in the trail what judges wrote before they answered, where they write reasons.',
});

const pair = z
  .array(passage)
  .length(2)
  .meta({
    description: 'The two responses to compare: the first is `a`, the second `b`.',
    example: ['No: it is not heat-treated and can carry bacteria.', 'Sure.'],
  });

const single = z
  .array(passage)
  .length(1)
  .meta({ description: 'The response, alone in its list.', example: ['Sure.'] });

const group = z
  .array(passage)
  .min(CANDIDATES.ranking.least)
  .max(CANDIDATES.ranking.most)
  .meta({ description: 'The responses to rank.', example: ['Sure.', 'No.', 'It can carry bacteria.'] });

/** The most rounds of revising that one item may ask for; each costs two long generations. */
const MOST_ROUNDS = 8;

const critique = {
  constitution: name.nullish().meta({
    description:
      'Name of a configured constitution, as `name@version` or its name; the policy’s when absent.',
  }),
  revise: z.int().min(0).max(MOST_ROUNDS).nullish().meta({
    description:
      'Rounds of critique and revision; 0 asks for one critique alone. As the policy says when absent.',
  }),
  seed: z.int().min(0).max(Number.MAX_SAFE_INTEGER).nullish().meta({
    description: 'Chooses the principles: equal seeds choose equally. A hash of the item does when absent.',
  }),
  evidence: z.boolean().nullish().meta({
    description: 'Ask for quotes from the response; only those that really stand in it come back.',
  }),
};

const ranking = {
  method: z.enum(['all_pairs', 'circular', 'adaptive']).nullish().meta({
    description:
      'Which pairs are compared: all, each with the next in a circle, or chosen while something is open (adaptive, the default).',
  }),
  comparisons: z.int().min(1).max(2016).nullish().meta({
    description: 'Pairs that may be compared at most; adaptive ranking stops there.',
  }),
};

export const preferenceItemSchema = z
  .strictObject({ ...common, candidates: pair, rubric, reasons, metadata, inclusion_probability: inclusion })
  .meta({ id: 'PreferenceItem' });

export const scoreItemSchema = z
  .strictObject({
    ...common,
    candidates: single,
    rubric,
    reference: passage
      .nullish()
      .meta({ description: 'A response that is known to be good, to compare with.' }),
    reasons,
    metadata,
    inclusion_probability: inclusion,
  })
  .meta({ id: 'ScoreItem' });

export const critiqueItemSchema = z
  .strictObject({ ...common, candidates: single, ...critique, metadata, inclusion_probability: inclusion })
  .meta({ id: 'CritiqueItem' });

export const rankingItemSchema = z
  .strictObject({
    ...common,
    candidates: group,
    rubric,
    ...ranking,
    reasons,
    metadata,
    inclusion_probability: inclusion,
  })
  .meta({ id: 'RankingItem' });

const cohort = z
  .strictObject({
    id: name.meta({ description: 'Name of the group, another one for each group.', example: 'step-7/p-12' }),
    size: z
      .int()
      .min(CANDIDATES.ranking.least)
      .max(CANDIDATES.ranking.most)
      .meta({ description: 'Candidates that the group waits for.', example: 8 }),
  })
  .meta({ id: 'Cohort' });

/** One candidate of a group that comes in calls of their own; it has a name, so that it may come twice. */
export const cohortItemSchema = z
  .strictObject({ ...common, id: name, candidates: single, cohort, rubric, ...ranking, reasons, metadata })
  .meta({ id: 'CohortItem' });

/** What an item may hold, whatever its task: the schema of its task allows less. */
interface RawFields {
  readonly prompt: Item['prompt'];
  readonly candidates: readonly string[];
  readonly metadata?: Item['metadata'] | null | undefined;
  readonly inclusion_probability?: number | null | undefined;
  readonly rubric?: string | null | undefined;
  readonly constitution?: string | null | undefined;
  readonly reference?: string | null | undefined;
  readonly reasons?: boolean | null | undefined;
  readonly revise?: number | null | undefined;
  readonly seed?: number | null | undefined;
  readonly evidence?: boolean | null | undefined;
  readonly method?: Wishes['method'] | null;
  readonly comparisons?: number | null | undefined;
  readonly cohort?: Wishes['cohort'] | null;
}

const ITEM_SCHEMAS: Readonly<Record<Task, z.ZodType<RawFields>>> = {
  preference: preferenceItemSchema,
  score: scoreItemSchema,
  critique: critiqueItemSchema,
  revision: critiqueItemSchema,
  ranking: rankingItemSchema,
};

/** What the names in items may point to. */
export interface ItemNames {
  /** By `name@version`. */
  readonly rubrics: ReadonlyMap<string, Rubric>;
  /** By `name@version`, and the newest by its name alone. */
  readonly constitutions: ReadonlyMap<string, Constitution>;
}

export interface RawItem {
  readonly raw: unknown;
  /** Where it stands in the body: `items[3]`, counted from 0, or `lines[3]`, counted from 1. */
  readonly list: 'items' | 'lines';
  readonly position: number;
  readonly id: string;
  /** Found before the item itself was looked at. */
  readonly problems: readonly Problem[];
}

/** Reads one item, or says why it cannot be judged. */
export function readItem(task: Task, rawItem: RawItem, names: ItemNames): ItemInput {
  const { raw, list, position, id, problems } = rawItem;
  const place = `${list}[${position}]`;
  const checked = check(schemaOf(task, raw), raw, [list, position]);
  if (!checked.ok) return rejected(id, raw, [...problems, ...checked.problems]);
  const { prompt, candidates, metadata } = checked.value;
  const rubricOf = find('rubric', checked.value.rubric, names.rubrics, place);
  const constitutionOf = find('constitution', checked.value.constitution, names.constitutions, place);
  const isInJob = checked.value.cohort !== undefined && list === 'lines';
  const misplaced = isInJob ? [invalid(`${place}.cohort`, NOT_IN_JOBS)] : [];
  const found = [...problems, ...rubricOf.problems, ...constitutionOf.problems, ...misplaced];
  if (found.length > 0) return rejected(id, raw, found);
  const wishes = wishesOf(checked.value, constitutionOf.value);
  const inclusion = checked.value.inclusion_probability ?? 1;
  const named = { id, prompt, candidates, rubric: rubricOf.value, metadata: metadata ?? {} };
  const item: Item = inclusion === 1 ? named : { ...named, inclusion };
  return { ok: true, item: wishes === null ? item : { ...item, wishes } };
}

const NOT_IN_JOBS = 'is for calls that wait; in a job bring the whole group as the candidates of one item';

const bringsCohort = z.looseObject({ cohort: z.custom((value) => value !== undefined && value !== null) });

/** Of a ranking there are two forms: the whole group, and one candidate of it. */
function schemaOf(task: Task, raw: unknown): z.ZodType<RawFields> {
  const isMember = task === 'ranking' && bringsCohort.safeParse(raw).success;
  return isMember ? cohortItemSchema : ITEM_SCHEMAS[task];
}

/** Null when nothing is wished, as in every preference. */
function wishesOf(fields: RawFields, constitution: Constitution | undefined): Wishes | null {
  const { reference, reasons, revise, seed, evidence, method, comparisons, cohort: group } = fields;
  const given = Object.entries({
    reference,
    reasons,
    constitution,
    revise,
    seed,
    evidence,
    method,
    comparisons,
    cohort: group,
  }).filter(([, value]) => value !== undefined && value !== null);
  return given.length === 0 ? null : Object.fromEntries(given);
}

interface Found<T> {
  readonly value: T | undefined;
  readonly problems: readonly Problem[];
}

function find<T>(
  kind: 'rubric' | 'constitution',
  id: string | null | undefined,
  known: ReadonlyMap<string, T>,
  place: string,
): Found<T> {
  if (id === undefined || id === null) return { value: undefined, problems: [] };
  const value = known.get(id);
  if (value !== undefined) return { value, problems: [] };
  const names = [...known.keys()].slice(0, 20).join(', ');
  const list = names === '' ? 'none is configured' : `known: ${names}`;
  return { value, problems: [invalid(`${place}.${kind}`, `is not a known ${kind}; ${list}`)] };
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

/** Metadata comes back even with an item that cannot be read, so that the caller can tell which it was. */
function metadataOf(raw: unknown): Readonly<Record<string, unknown>> {
  const read = carriesMetadata.safeParse(raw);
  return read.success ? read.data.metadata : {};
}
