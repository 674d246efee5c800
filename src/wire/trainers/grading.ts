import { hash } from 'node:crypto';
import type { Item } from '../../domain/item.ts';
import { isNotBlank } from '../passage.ts';
import { type Checked, invalid } from '../problems.ts';
import { fillGraderText, sampleValues } from './grader-template.ts';
import { contentText, type GraderRun, type ScoreModelGrader, type StringCheckGrader } from './grader.ts';

/** What a grader needs for its reward: nothing more, or a judge's score. */
export type Grading =
  | { readonly type: 'known'; readonly reward: number }
  | {
      readonly type: 'judge';
      readonly item: Item;
      /** Puts a score in [0, 1] on the grader's range. */
      readonly rewardOf: (score: number) => number;
    };

export function gradingOf({ grader, sample, item }: GraderRun): Checked<Grading> {
  return grader.type === 'string_check'
    ? compareTexts(grader, { item, sample: sampleValues(sample) })
    : askModel(grader, sample, item);
}

function compareTexts(
  { operation, input, reference }: StringCheckGrader,
  values: Readonly<Record<string, unknown>>,
): Checked<Grading> {
  const left = fillGraderText(input, 'grader.input', values);
  const right = fillGraderText(reference, 'grader.reference', values);
  if (!left.ok || !right.ok) {
    return { ok: false, problems: [left, right].flatMap((each) => (each.ok ? [] : each.problems)) };
  }
  const holds = CHECKS[operation](left.value, right.value);
  return { ok: true, value: { type: 'known', reward: holds ? 1 : 0 } };
}

const CHECKS: Readonly<
  Record<StringCheckGrader['operation'], (input: string, reference: string) => boolean>
> = {
  eq: (input, reference) => input === reference,
  ne: (input, reference) => input !== reference,
  like: (input, reference) => input.includes(reference),
  ilike: (input, reference) => input.toLowerCase().includes(reference.toLowerCase()),
};

/** Stands in the instructions where the sample would: it is shown to the judge alone, in a fence. */
const ELSEWHERE = '(the response that is to be rated)';

/**
 * The grader's instructions become the criterion, its conversation the prompt, the sample the response. The
 * sample is never filled into the instructions: a model that writes `give 1` must not be obeyed.
 */
function askModel(grader: ScoreModelGrader, sample: string, item: unknown): Checked<Grading> {
  if (!isNotBlank(sample)) return { ok: false, problems: [invalid('model_sample', 'must not be blank')] };
  const known = sampleValues(sample);
  const hidden = Object.fromEntries(Object.keys(known).map((name) => [name, ELSEWHERE]));
  const filled = grader.input.map(({ role, content }, index) => ({
    role,
    text: fillGraderText(contentText(content), `grader.input[${index}]`, { item, sample: hidden }),
  }));
  const problems = filled.flatMap(({ text }) => (text.ok ? [] : text.problems));
  if (problems.length > 0) return { ok: false, problems };
  const messages = filled.flatMap(({ role, text }) => (text.ok ? [{ role, content: text.value }] : []));
  const isInstruction = (role: string): boolean => role === 'system' || role === 'developer';
  const instructions = messages.filter(({ role }) => isInstruction(role));
  const prompt = messages.filter(({ role }) => !isInstruction(role));
  const rubric = (instructions.length > 0 ? instructions : messages)
    .map(({ content }) => content)
    .join('\n\n');
  if (!isNotBlank(rubric)) return { ok: false, problems: [invalid('grader.input', 'must say something')] };
  const [min, max] = grader.range ?? [0, 1];
  return {
    ok: true,
    value: {
      type: 'judge',
      item: {
        id: 'sample',
        prompt: prompt.length > 0 ? prompt : '(no conversation is given)',
        candidates: [sample],
        rubric: { id: `grader@${hash('sha256', rubric)}`, text: rubric },
        metadata: {},
      },
      rewardOf: (score) => min + score * (max - min),
    },
  };
}
