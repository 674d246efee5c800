import { hash } from 'node:crypto';
import { z } from 'zod';
import type { Item, Message } from '../../domain/item.ts';
import type { RankingResult } from '../../domain/ranking.ts';
import { cleanText, isNotBlank } from '../passage.ts';
import { check, type Checked, invalid } from '../problems.ts';
import { finalAnswer, responseObject, rubricOf } from './nemo-gym.ts';

/**
 * NeMo-Gym's verification: `POST /verify` with the parameters of one rollout and its Responses object in, the
 * same body with a reward out (base_resources_server.py). The group is told by `prompt_id`, or by the prompt and
 * the principle; the rollout by `_ng_rollout_index`, or by the response itself.
 */
const part = z.looseObject({ text: cleanText.optional() });

const turn = z.looseObject({
  role: cleanText.optional(),
  content: z.union([cleanText, z.array(part)]).nullish(),
});

const verifySchema = z.looseObject({
  responses_create_params: z.looseObject({
    input: z.union([cleanText, z.array(turn).min(1)]),
    instructions: cleanText.nullish(),
  }),
  response: z.looseObject({ ...responseObject.shape, id: cleanText.nullish() }),
  principle: cleanText.nullish(),
  prompt_id: cleanText.nullish(),
  _ng_rollout_index: z.int().nullish(),
});

/** One candidate of a group that is not known yet. */
export interface Rollout {
  readonly item: Item;
  /** Equal for the rollouts of one prompt. */
  readonly group: string;
  /** Equal for the same rollout sent again; null where nothing tells it from another one. */
  readonly name: string | null;
  /** The body, as it goes back with the reward. */
  readonly sent: object;
}

export function readRollout(body: unknown): Checked<Rollout> {
  const checked = check(verifySchema, body);
  if (!checked.ok) return checked;
  const { responses_create_params: params, response, principle } = checked.value;
  const prompt = promptOf(params);
  if (prompt.length === 0) {
    return { ok: false, problems: [invalid('responses_create_params.input', 'has no message with text')] };
  }
  const answer = finalAnswer(response);
  const item: Item = {
    id: 'rollout',
    prompt,
    candidates: [answer],
    rubric: rubricOf(principle),
    metadata: {},
  };
  const { prompt_id: promptId, _ng_rollout_index: index } = checked.value;
  const group = hash('sha256', JSON.stringify([promptId ?? null, prompt, principle ?? null]));
  return {
    ok: true,
    value: { item, group, name: nameOf(index ?? response.id, answer), sent: checked.value },
  };
}

function nameOf(id: string | number | null | undefined, answer: string): string | null {
  return id === null || id === undefined ? null : hash('sha256', JSON.stringify([id, answer]));
}

/** Messages with text; calls of tools and their results are not part of what is judged. */
function promptOf({
  input,
  instructions,
}: z.output<typeof verifySchema>['responses_create_params']): Message[] {
  const turns = typeof input === 'string' ? [{ role: 'user', content: input }] : input;
  const messages = turns.flatMap(({ role = 'user', content }): Message[] => {
    const text =
      typeof content === 'string' ? content : (content ?? []).map((each) => each.text ?? '').join('');
    return isNotBlank(text) ? [{ role, content: text }] : [];
  });
  const isTold = instructions !== null && instructions !== undefined && isNotBlank(instructions);
  return isTold && messages.length > 0 ? [{ role: 'system', content: instructions }, ...messages] : messages;
}

/** What was sent, which NeMo-Gym wants back, with the reward: log-odds that sum to 0 over the group. */
export function renderVerification(sent: object, result: RankingResult, usd: number) {
  const position = result.cohort?.position ?? -1;
  const reward = result.rewards[position];
  if (reward === undefined) return null;
  return {
    ...sent,
    reward,
    assay_rank: result.ranks[position],
    assay_group_size: result.rewards.length,
    assay_certainty: result.certainty,
    assay_cost_usd: usd,
  };
}
