import { z } from 'zod';
import type { AnchorItem } from '../contracts/anchors.ts';
import type { GoldItem } from '../contracts/canaries.ts';
import type { Rubric } from '../domain/rubric.ts';
import { passage } from './passage.ts';

/** Files of anchors and canaries: one JSON object a line, with the pair and, where a person labelled it, the gold label. */
const message = z.strictObject({ role: z.string().min(1), content: z.string() });
const label = z.enum(['a', 'b', 'tie'], { error: 'must be "a", "b" or "tie"' });
const pair = z.array(passage).length(2);
const rowSchema = z
  .object({
    id: z.string().min(1).optional(),
    prompt: z.union([passage, z.array(message).min(1)]),
    candidates: pair.optional(),
    responses: pair.optional(),
    rubric: z.string().optional(),
    gold: label.nullish(),
    human: label.nullish(),
  })
  .refine(({ candidates, responses }) => (candidates ?? responses) !== undefined, {
    error: 'has no "candidates"',
  });

export interface AnchorProblem {
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

export type ParsedItems<T> =
  | { readonly ok: true; readonly items: readonly T[] }
  | { readonly ok: false; readonly problems: readonly AnchorProblem[] };

/** More would take too long to come round. */
const MOST_ANCHORS = 5_000;

/** Reads the text of an anchor file; all bad lines are told at once. */
export function parseAnchors(text: string, rubrics: ReadonlyMap<string, Rubric>): ParsedItems<AnchorItem> {
  return parseItems(text, (content, line) => readRow(content, line, rubrics));
}

/** The same for canaries, which must all have a gold label. */
export function parseCanaries(text: string, rubrics: ReadonlyMap<string, Rubric>): ParsedItems<GoldItem> {
  return parseItems(text, (content, line) => {
    const read = readRow(content, line, rubrics);
    if (typeof read === 'string') return read;
    return read.gold === null ? 'has no "gold"' : { item: read.item, gold: read.gold };
  });
}

/** `read` gives the item of a line, or what is wrong with it. */
function parseItems<T extends object>(
  text: string,
  read: (content: string, line: number) => T | string,
): ParsedItems<T> {
  const problems: AnchorProblem[] = [];
  const items: T[] = [];
  text.split('\n').forEach((content, index) => {
    if (content.trim() === '') return;
    const line = index + 1;
    const row = read(content, line);
    if (typeof row === 'string') problems.push({ line, message: row });
    else items.push(row);
  });
  if (items.length + problems.length === 0) problems.push({ line: 1, message: 'there is no item' });
  if (items.length > MOST_ANCHORS)
    problems.push({ line: MOST_ANCHORS + 1, message: `there are more than ${MOST_ANCHORS} items` });
  return problems.length > 0 ? { ok: false, problems } : { ok: true, items };
}

/** The item, or what is wrong with the line. */
function readRow(content: string, line: number, rubrics: ReadonlyMap<string, Rubric>): AnchorItem | string {
  let row: unknown;
  try {
    row = JSON.parse(content);
  } catch {
    return 'is not JSON';
  }
  const read = rowSchema.safeParse(row);
  if (!read.success) {
    return read.error.issues.map(({ path, message: why }) => [...path, why].join(' ')).join('; ');
  }
  const { id, prompt, candidates, responses, rubric: rubricId, gold, human } = read.data;
  const rubric = rubricId === undefined ? undefined : rubrics.get(rubricId);
  if (rubricId !== undefined && rubric === undefined) return `rubric ${rubricId} is not configured`;
  const item = {
    id: id ?? `line-${line}`,
    prompt,
    candidates: candidates ?? responses ?? [],
    rubric,
    metadata: {},
  };
  return { item, gold: gold ?? human ?? null };
}
