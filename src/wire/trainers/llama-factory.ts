import { z } from 'zod';
import { cleanText } from '../passage.ts';
import { check } from '../problems.ts';
import type { RewardSurface } from './surface.ts';
import { askedOfTexts } from './texts.ts';

/**
 * LLaMA-Factory's PPO (`reward_model_type: api`): `{model, messages: [text]}` in, `{scores}` out. It looks at
 * no status: an answer without `scores` ends its run, and that is what an error answer is here.
 */
const requestSchema = z.looseObject({ model: z.string().optional(), messages: z.array(cleanText) });

export const llamaFactory: RewardSurface = {
  path: '/v1/score/evaluation',
  read(body, { after }) {
    const checked = check(requestSchema, body);
    if (!checked.ok) return checked;
    const read = askedOfTexts(checked.value.messages, 'messages', after);
    return read.ok ? { ok: true, value: { ...read.value, model: checked.value.model } } : read;
  },
  render(rewards, { id, model }) {
    return {
      id,
      object: 'score.evaluation',
      model,
      scores: rewards.map(({ score }) => score),
    };
  },
};
