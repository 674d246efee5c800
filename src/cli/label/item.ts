import { z } from 'zod';
import type { Message } from '../../domain/item.ts';

export type Prompt = string | readonly Message[];

/** Kinds of feedback that a file can be judged for. */
export const ROW_TASKS = ['preference', 'score', 'critique', 'ranking'] as const;
export type RowTask = (typeof ROW_TASKS)[number];

/** One row of input as an item, its candidates in the row's own order: two for a preference. */
export interface InputItem {
  readonly id: string | null;
  readonly prompt: Prompt;
  readonly candidates: readonly string[];
  readonly rubric: string | null;
  /** Probability with which whoever made the file drew the row, in (0, 1]; absent for 1. */
  readonly inclusion?: number;
  /** What the task lets an item ask for, as the row has it; absent for none. The gateway checks it. */
  readonly asks?: Readonly<Record<string, unknown>>;
  /** Columns that mean nothing to the format; they come back with the verdict. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** What is wrong with a row; `param` names the column, or is null when it is the whole row. */
export interface RowProblem {
  readonly message: string;
  readonly param: string | null;
}

export type ReadRow =
  | { readonly ok: true; readonly item: InputItem }
  | { readonly ok: false; readonly problem: RowProblem };

/** A row of JSON. */
export type JsonRow = Readonly<Record<string, unknown>>;

const text = z.string({ error: 'must be text' });

export const idColumn = z
  .union([z.string().min(1), z.int()], { error: 'must be text or a whole number' })
  .transform(String)
  .nullish();

export const rubricColumn = z.string({ error: 'must be the name of a rubric' }).min(1).nullish();

export const messages = z
  .array(
    z.object(
      { role: text.min(1, 'is empty'), content: text },
      { error: 'must be a message with "role" and "content"' },
    ),
    { error: 'must be text or a list of messages' },
  )
  .min(1, 'has no messages');

/** Text or messages; the two kinds of a prompt, and of an answer in the TRL format. */
export const textOrMessages = z.union([z.string(), messages], {
  error: 'must be text or a list of messages with "role" and "content"',
});

export function refuse(message: string, param: string | null = null): ReadRow {
  return { ok: false, problem: { message, param } };
}

/** All that a schema complains about, in one message; `param` is the column of the first complaint. */
export function refuseFor(error: z.ZodError): ReadRow {
  const complaints = error.issues.map(({ path, message }) => `${pathText(path)}: ${message}`);
  const first = error.issues[0]?.path[0];
  return refuse(complaints.join('; '), first === undefined ? null : String(first));
}

function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index === 0 ? '' : '.'}${String(key)}`))
    .join('');
}

export function isBlankText(value: string): boolean {
  return value.trim() === '';
}

/** The columns that are not named. */
export function otherColumns(row: JsonRow, named: readonly string[]): JsonRow {
  return Object.fromEntries(Object.entries(row).filter(([name]) => !named.includes(name)));
}
