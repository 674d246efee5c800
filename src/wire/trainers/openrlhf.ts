import { z } from 'zod';
import { cleanText } from '../passage.ts';
import { check, type Checked, invalid } from '../problems.ts';
import type { Asked } from './asked.ts';
import type { RewardSurface } from './surface.ts';
import { readTranscript, withoutEnd } from './transcript.ts';

/**
 * OpenRLHF's `remote_rm_url`: `{query, prompts, labels}` in, `{rewards, scores, extra_logs}` out. A trainer
 * with several URLs shares one sample over them, so that the others get empty lists and want an answer. It
 * makes a tensor of each entry of `extra_logs`, which must be numbers under the same keys in every reply.
 */
const requestSchema = z.looseObject({
  query: z.array(cleanText),
  prompts: z.array(cleanText).optional(),
  labels: z.array(z.unknown()).optional(),
});

export const openRlhf: RewardSurface = {
  path: '/get_reward',
  read(body, { after }) {
    const checked = check(requestSchema, body);
    if (!checked.ok) return checked;
    const { query, prompts, labels = [] } = checked.value;
    if (prompts !== undefined && prompts.length !== query.length) {
      const statement = `must have as many entries as query, ${query.length}, found ${prompts.length}`;
      return { ok: false, problems: [invalid('prompts', statement)] };
    }
    const read = query.map((text, position) =>
      askedOf({ text, position, prompt: prompts?.[position], label: labels[position], after }),
    );
    const problems = read.flatMap((each) => (each.ok ? [] : each.problems));
    if (problems.length > 0) return { ok: false, problems };
    return { ok: true, value: { asked: read.flatMap((each) => (each.ok ? [each.value] : [])) } };
  },
  render(rewards) {
    const scores = rewards.map(({ score }) => score);
    return {
      rewards: scores,
      scores,
      extra_logs: {
        assay_confidence: rewards.map(({ confidence }) => confidence),
        assay_cost_usd: rewards.map(({ usd }) => usd),
        assay_cached: rewards.map(({ cached }) => (cached ? 1 : 0)),
      },
    };
  },
};

interface Sample {
  readonly text: string;
  readonly position: number;
  readonly prompt: string | undefined;
  readonly label: unknown;
  readonly after: string | undefined;
}

/** The query is the prompt with the response behind it, as the tokenizer wrote both out. */
function askedOf({ text, position, prompt, label, after }: Sample): Checked<Asked> {
  const place = `query[${position}]`;
  const known = typeof label === 'string' ? label : null;
  const at = prompt === undefined || prompt === '' ? -1 : text.indexOf(prompt);
  if (prompt !== undefined && at !== -1 && after === undefined) {
    const response = withoutEnd(text.slice(at + prompt.length));
    return { ok: true, value: { place, prompt, response, label: known } };
  }
  const read = readTranscript(text, place, after);
  return read.ok ? { ok: true, value: { place, ...read.value, label: known } } : read;
}
