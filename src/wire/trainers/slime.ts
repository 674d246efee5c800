import { z } from 'zod';
import { cleanText } from '../passage.ts';
import { check } from '../problems.ts';
import type { RewardSurface } from './surface.ts';
import { withoutEnd } from './transcript.ts';

/**
 * slime's `--rm-type remote_rm` (and miles): `{prompt, response, label}` in, a bare number out; with
 * `?key=NAME` an object that has it under this name, for `--reward-key NAME`.
 */
const message = z.looseObject({ role: cleanText, content: cleanText });

const requestSchema = z.looseObject({
  prompt: z.union([cleanText, z.array(message).min(1)]),
  response: cleanText,
  label: z.unknown().optional(),
});

export const slime: RewardSurface = {
  path: '/rm',
  read(body) {
    const checked = check(requestSchema, body);
    if (!checked.ok) return checked;
    const { prompt, response, label } = checked.value;
    const asked = {
      place: 'response',
      prompt: typeof prompt === 'string' ? prompt : prompt.map(({ role, content }) => ({ role, content })),
      response: withoutEnd(response),
      label: typeof label === 'string' ? label : null,
    };
    return { ok: true, value: { asked: [asked] } };
  },
  render([reward], { settings: { key } }) {
    if (reward === undefined || key === undefined) return reward?.score;
    const { score, confidence, usd, cached } = reward;
    return { assay_confidence: confidence, assay_cost_usd: usd, assay_cached: cached, [key]: score };
  },
};
