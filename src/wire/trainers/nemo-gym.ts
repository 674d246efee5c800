import { hash } from 'node:crypto';
import { z } from 'zod';
import type { Item } from '../../domain/item.ts';
import type { RankingResult } from '../../domain/ranking.ts';
import { cleanText, isNotBlank } from '../passage.ts';
import { check, type Checked } from '../problems.ts';

/**
 * NeMo-Gym's comparison server: `POST /compare` with a conversation and Responses objects in, one reward for
 * each out. Only the final answers are compared, without reasoning. Role names are not looked at.
 */
const contentPart = z.looseObject({ type: z.string(), text: cleanText.optional() });

const outputItem = z.looseObject({
  type: z.string().optional(),
  content: z.union([cleanText, z.array(contentPart)]).nullish(),
});

export const responseObject = z.looseObject({ output: z.array(outputItem) });

const compareSchema = z.looseObject({
  conversation_history: z.array(z.looseObject({ role: cleanText, content: cleanText })).min(1),
  response_objs: z.array(responseObject).min(2).max(64),
  principle: cleanText.nullish(),
});

/** What stands for an answer without text: the judges are to see that there is none. */
const NO_ANSWER = '(This response is empty.)';

export function readComparison(body: unknown): Checked<Item> {
  const checked = check(compareSchema, body);
  if (!checked.ok) return checked;
  const { conversation_history: history, response_objs: responses, principle } = checked.value;
  const item: Item = {
    id: 'group',
    prompt: history.map(({ role, content }) => ({ role, content })),
    candidates: responses.map(finalAnswer),
    rubric: rubricOf(principle),
    metadata: {},
  };
  return { ok: true, value: item };
}

/** A principle is a rubric of its own; its id is a hash of its text, so that equal texts are one question. */
export function rubricOf(principle: string | null | undefined): Item['rubric'] {
  if (principle === null || principle === undefined || !isNotBlank(principle)) return undefined;
  return { id: `principle@${hash('sha256', principle)}`, text: principle };
}

/** The text of the messages in a Responses object. */
export function finalAnswer({ output }: z.output<typeof responseObject>): string {
  const texts = output
    .filter(({ type }) => type === undefined || type === 'message')
    .flatMap(({ content }) => {
      if (content === null || content === undefined) return [];
      return typeof content === 'string' ? [content] : content.map(({ text }) => text ?? '');
    });
  const answer = texts.join('');
  return isNotBlank(answer) ? answer : NO_ANSWER;
}

/** Log-odds as rewards; how sure they are is told beside them. */
export function renderComparison(result: RankingResult, usd: number) {
  const { rewards, certainty, comparisons } = result;
  return {
    rewards,
    comparison_results: null,
    metrics: {
      assay_certainty: certainty,
      assay_comparisons: comparisons.judged,
      assay_failed_comparisons: comparisons.failed,
      assay_cost_usd: usd,
    },
  };
}
