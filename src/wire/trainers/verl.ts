import { z } from 'zod';
import { cleanText } from '../passage.ts';
import { check, type Checked } from '../problems.ts';
import type { RewardRequest, RewardSurface } from './surface.ts';
import { askedOfTexts } from './texts.ts';

/**
 * verl's reward loop asks a reward model as its engine would serve it: vLLM's `/classify`, where the reward is
 * the last of `data[-1].probs`, or SGLang's `/v1/embeddings`, where it is the last of `data[-1].embedding`. A
 * model `assay/<policy>` whose policy scores answers in their place.
 */
const requestSchema = z.looseObject({
  model: z.string().min(1),
  input: z.union([cleanText, z.array(cleanText).min(1)]),
});

function readTexts(body: unknown, after: string | undefined): Checked<RewardRequest> {
  const checked = check(requestSchema, body);
  if (!checked.ok) return checked;
  const { model, input } = checked.value;
  const read = askedOfTexts(typeof input === 'string' ? [input] : input, 'input', after);
  return read.ok ? { ok: true, value: { ...read.value, model } } : read;
}

/** Tokens are counted in the ledger; the reply has the field because clients of embeddings want it. */
const USAGE = { prompt_tokens: 0, total_tokens: 0, completion_tokens: 0, prompt_tokens_details: null };

export const verlClassify = {
  path: '/classify',
  read: (body, { after }) => readTexts(body, after),
  render: (rewards, { id, created, model }) => ({
    id,
    object: 'list',
    created,
    model,
    data: rewards.map(({ score }, index) => ({ index, label: 'reward', probs: [score], num_classes: 1 })),
    usage: USAGE,
  }),
} as const satisfies RewardSurface;

export const verlEmbeddings = {
  path: '/v1/embeddings',
  read: (body, { after }) => readTexts(body, after),
  render: (rewards, { model }) => ({
    object: 'list',
    model,
    data: rewards.map(({ score }, index) => ({ object: 'embedding', index, embedding: [score] })),
    usage: USAGE,
  }),
} as const satisfies RewardSurface;
