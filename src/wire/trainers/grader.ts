import { z } from 'zod';
import { SIMILARITY_METRICS } from '../../domain/text-similarity.ts';
import { cleanText } from '../passage.ts';
import { check, type Checked, invalid } from '../problems.ts';

/**
 * One grader of OpenAI's, as far as it needs no code of the caller's to run: models that score or choose a
 * label, and comparisons of texts. The others are refused by name when they are validated, not when the first
 * sample comes. Graders of graders are in `multi-grader.ts`.
 */
const text = z.looseObject({ type: z.enum(['input_text', 'output_text']), text: cleanText });

const graderMessage = z.looseObject({
  role: z.enum(['user', 'assistant', 'system', 'developer']),
  content: z.union([cleanText, text, z.array(z.union([cleanText, text])).min(1)]),
});

export type GraderMessage = z.output<typeof graderMessage>;

const named = { name: z.string().min(1).max(256) };
const model = {
  ...named,
  model: z.string().min(1).max(512),
  input: z.array(graderMessage).min(1),
};

const scoreModel = z.looseObject({
  ...model,
  type: z.literal('score_model'),
  range: z.tuple([z.number(), z.number()]).nullish(),
});

/** Labels are read as the points of the usual scale: see `label-rubric.ts`. */
const MOST_LABELS = 5;

const labelModel = z.looseObject({
  ...model,
  type: z.literal('label_model'),
  labels: z.array(cleanText.min(1).max(256)).min(2).max(MOST_LABELS),
  passing_labels: z.array(cleanText).min(1),
});

const stringCheck = z.looseObject({
  ...named,
  type: z.literal('string_check'),
  operation: z.enum(['eq', 'ne', 'like', 'ilike']),
  input: cleanText,
  reference: cleanText,
});

const textSimilarity = z.looseObject({
  ...named,
  type: z.literal('text_similarity'),
  evaluation_metric: z.enum(SIMILARITY_METRICS),
  input: cleanText,
  reference: cleanText,
});

export type ScoreModelGrader = z.output<typeof scoreModel>;
export type LabelModelGrader = z.output<typeof labelModel>;
export type StringCheckGrader = z.output<typeof stringCheck>;
export type TextSimilarityGrader = z.output<typeof textSimilarity>;
export type SingleGrader = ScoreModelGrader | LabelModelGrader | StringCheckGrader | TextSimilarityGrader;

const typed = z.looseObject({ type: z.string() });

/** @param place - Where it stands, such as `['grader']`. */
export function readSingleGrader(raw: unknown, place: readonly string[]): Checked<SingleGrader> {
  const kind = check(typed, raw, place);
  if (!kind.ok) return kind;
  switch (kind.value.type) {
    case 'score_model':
      return withRange(check(scoreModel, raw, place), place.join('.'));
    case 'label_model':
      return withLabels(check(labelModel, raw, place), place.join('.'));
    case 'string_check':
      return check(stringCheck, raw, place);
    case 'text_similarity':
      return check(textSimilarity, raw, place);
    default: {
      const known = 'score_model, label_model, string_check or text_similarity';
      const statement = `must be ${known}: other graders are not run here`;
      return { ok: false, problems: [invalid(`${place.join('.')}.type`, statement)] };
    }
  }
}

function withRange(checked: Checked<ScoreModelGrader>, place: string): Checked<ScoreModelGrader> {
  if (!checked.ok) return checked;
  const { range } = checked.value;
  if (range === null || range === undefined || range[0] < range[1]) return checked;
  return { ok: false, problems: [invalid(`${place}.range`, 'must begin with its lesser end')] };
}

function withLabels(checked: Checked<LabelModelGrader>, place: string): Checked<LabelModelGrader> {
  if (!checked.ok) return checked;
  const { labels, passing_labels: passing } = checked.value;
  const problems = [
    ...(new Set(labels).size === labels.length ? [] : [invalid(`${place}.labels`, 'must be different')]),
    ...(passing.every((label) => labels.includes(label))
      ? []
      : [invalid(`${place}.passing_labels`, 'must all be among the labels')]),
  ];
  return problems.length === 0 ? checked : { ok: false, problems };
}

/** The text of a message, whatever form its content has. */
export function contentText(content: GraderMessage['content']): string {
  const parts = Array.isArray(content) ? content : [content];
  return parts.map((part) => (typeof part === 'string' ? part : part.text)).join('');
}
