import { hash } from 'node:crypto';
import type { Item, Message } from '../../domain/item.ts';
import type { Rubric } from '../../domain/rubric.ts';
import { MOST_COMPARED, textSimilarity } from '../../domain/text-similarity.ts';
import type { FeedbackResult } from '../../domain/verdict.ts';
import { isNotBlank } from '../passage.ts';
import { type Checked, invalid } from '../problems.ts';
import { fillGraderText, sampleValues, type TemplateValues } from './grader-template.ts';
import {
  contentText,
  type LabelModelGrader,
  type ScoreModelGrader,
  type SingleGrader,
  type StringCheckGrader,
  type TextSimilarityGrader,
} from './grader.ts';
import { labelReward, labelRubric } from './label-rubric.ts';

export type Scored = Extract<FeedbackResult, { readonly kind: 'score' }>;

/** What a grader needs for its reward: nothing more, or a judge's score. */
export type Grading =
  | { readonly type: 'known'; readonly reward: number }
  | {
      readonly type: 'judge';
      readonly model: string;
      readonly item: Item;
      /** The reward that the judge's scores make; null where they make none. */
      readonly rewardOf: (scored: Scored) => number | null;
    };

export interface Graded {
  readonly sample: string;
  readonly item: unknown;
}

/** @param place - Where the grader stands, such as `grader`. */
export function gradingOf(grader: SingleGrader, { sample, item }: Graded, place: string): Checked<Grading> {
  const values = { item, sample: sampleValues(sample) };
  switch (grader.type) {
    case 'string_check':
    case 'text_similarity':
      return compareTexts(grader, values, place);
    case 'score_model':
    case 'label_model':
      return askModel(grader, { sample, item }, place);
  }
}

function compareTexts(
  grader: StringCheckGrader | TextSimilarityGrader,
  values: TemplateValues,
  place: string,
): Checked<Grading> {
  const left = fillGraderText(grader.input, `${place}.input`, values);
  const right = fillGraderText(grader.reference, `${place}.reference`, values);
  if (!left.ok || !right.ok) {
    return { ok: false, problems: [left, right].flatMap((each) => (each.ok ? [] : each.problems)) };
  }
  const [input, reference] = [left.value, right.value];
  if (grader.type === 'string_check') {
    return known(CHECKS[grader.operation](input, reference) ? 1 : 0);
  }
  const problems = Object.entries({ input, reference })
    .filter(([, text]) => text.length > MOST_COMPARED)
    .map(([name]) =>
      invalid(`${place}.${name}`, `must have at most ${MOST_COMPARED} characters when filled in`),
    );
  if (problems.length > 0) return { ok: false, problems };
  return known(textSimilarity(grader.evaluation_metric, input, reference));
}

function known(reward: number): Checked<Grading> {
  return { ok: true, value: { type: 'known', reward } };
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
function askModel(
  grader: ScoreModelGrader | LabelModelGrader,
  { sample, item }: Graded,
  place: string,
): Checked<Grading> {
  if (!isNotBlank(sample)) return { ok: false, problems: [invalid('model_sample', 'must not be blank')] };
  const messages = filledMessages(grader, { sample, item }, place);
  if (!messages.ok) return messages;
  const isInstruction = ({ role }: Message): boolean => role === 'system' || role === 'developer';
  const instructions = messages.value.filter(isInstruction);
  const prompt = messages.value.filter((message) => !isInstruction(message));
  const text = (instructions.length > 0 ? instructions : messages.value)
    .map(({ content }) => content)
    .join('\n\n');
  if (!isNotBlank(text)) return { ok: false, problems: [invalid(`${place}.input`, 'must say something')] };
  return {
    ok: true,
    value: {
      type: 'judge',
      model: grader.model,
      item: {
        id: 'sample',
        prompt: prompt.length > 0 ? prompt : '(no conversation is given)',
        candidates: [sample],
        rubric: rubricOf(grader, text),
        metadata: {},
      },
      rewardOf: (scored) => rewardOf(grader, scored),
    },
  };
}

function filledMessages(
  { input }: ScoreModelGrader | LabelModelGrader,
  { sample, item }: Graded,
  place: string,
): Checked<Message[]> {
  const hidden = Object.fromEntries(Object.keys(sampleValues(sample)).map((name) => [name, ELSEWHERE]));
  const filled = input.map(({ role, content }, index) => ({
    role,
    text: fillGraderText(contentText(content), `${place}.input[${index}]`, { item, sample: hidden }),
  }));
  const problems = filled.flatMap(({ text }) => (text.ok ? [] : text.problems));
  if (problems.length > 0) return { ok: false, problems };
  return {
    ok: true,
    value: filled.flatMap(({ role, text }) => (text.ok ? [{ role, content: text.value }] : [])),
  };
}

function rubricOf(grader: ScoreModelGrader | LabelModelGrader, text: string): Rubric {
  if (grader.type === 'label_model') return labelRubric(grader, text);
  return { id: `grader@${hash('sha256', text)}`, text };
}

/** A score in [0, 1] on the grader's range; a label as passed or not. */
function rewardOf(grader: ScoreModelGrader | LabelModelGrader, { score, criteria }: Scored): number | null {
  if (grader.type === 'label_model') {
    const [criterion] = criteria;
    return criterion === undefined ? null : labelReward(grader, criterion);
  }
  const [min, max] = grader.range ?? [0, 1];
  return min + score * (max - min);
}
