import { z } from 'zod';
import { cleanText } from '../passage.ts';
import { check, type Checked, invalid } from '../problems.ts';

/**
 * OpenAI's graders, as far as they need no code of the caller's to run: a model that scores, and a comparison
 * of texts. The other kinds are refused by name when they are validated, not when the first sample comes.
 */
const text = z.looseObject({ type: z.enum(['input_text', 'output_text']), text: cleanText });

const graderMessage = z.looseObject({
  role: z.enum(['user', 'assistant', 'system', 'developer']),
  content: z.union([cleanText, text, z.array(z.union([cleanText, text])).min(1)]),
});

const scoreModel = z.looseObject({
  type: z.literal('score_model'),
  name: z.string().min(1).max(256),
  model: z.string().min(1).max(512),
  input: z.array(graderMessage).min(1),
  range: z.tuple([z.number(), z.number()]).nullish(),
});

const stringCheck = z.looseObject({
  type: z.literal('string_check'),
  name: z.string().min(1).max(256),
  operation: z.enum(['eq', 'ne', 'like', 'ilike']),
  input: cleanText,
  reference: cleanText,
});

export type ScoreModelGrader = z.output<typeof scoreModel>;
export type StringCheckGrader = z.output<typeof stringCheck>;
export type Grader = ScoreModelGrader | StringCheckGrader;

const runSchema = z.looseObject({ model_sample: cleanText, item: z.unknown().optional() });

export interface GraderRun {
  readonly grader: Grader;
  readonly sample: string;
  readonly item: unknown;
}

const holdsGrader = z.looseObject({ grader: z.looseObject({ type: z.string() }) });

/** Reads the `grader` of a body. */
export function readGrader(body: unknown): Checked<Grader> {
  const frame = check(holdsGrader, body);
  if (!frame.ok) return frame;
  const { grader } = frame.value;
  switch (grader.type) {
    case 'score_model':
      return withRange(check(scoreModel, grader, ['grader']));
    case 'string_check':
      return check(stringCheck, grader, ['grader']);
    default: {
      const statement = 'must be score_model or string_check: other graders are not run here';
      return { ok: false, problems: [invalid('grader.type', statement)] };
    }
  }
}

function withRange(checked: Checked<ScoreModelGrader>): Checked<ScoreModelGrader> {
  if (!checked.ok) return checked;
  const { range } = checked.value;
  if (range === null || range === undefined || range[0] < range[1]) return checked;
  return { ok: false, problems: [invalid('grader.range', 'must begin with its lesser end')] };
}

export function readGraderRun(body: unknown): Checked<GraderRun> {
  const grader = readGrader(body);
  const frame = check(runSchema, body);
  if (!grader.ok || !frame.ok) {
    const problems = [grader, frame].flatMap((each) => (each.ok ? [] : each.problems));
    return { ok: false, problems };
  }
  const { model_sample: sample, item = null } = frame.value;
  return { ok: true, value: { grader: grader.value, sample, item } };
}

/** The text of a message, whatever form its content has. */
export function contentText(content: z.output<typeof graderMessage>['content']): string {
  const parts = Array.isArray(content) ? content : [content];
  return parts.map((part) => (typeof part === 'string' ? part : part.text)).join('');
}
