import type { FeedbackReply } from './verdict.ts';

/** Examples of the API description; a test holds them against the schemas. */
export const CHAT_EXAMPLE = { model: 'assay/default', messages: [{ role: 'user', content: 'Say hello.' }] };

export const COMPLETION_EXAMPLE = { model: 'assay/default', prompt: 'Once upon a time', max_tokens: 16 };

export const OUTCOMES_EXAMPLE = {
  outcomes: [{ verdict_id: 'vrd_8h2j5k1l9p3o6i4u7y0t2r5e8w', label: 'a', annotator: 'reviewer-3' }],
};

export const PREFERENCES_EXAMPLE = {
  policy: 'default',
  items: [
    {
      id: 'row-17',
      prompt: 'Is it safe to eat raw flour?',
      candidates: ['No: it is not heat-treated and can carry bacteria.', 'Sure.'],
    },
  ],
};

export const SCORES_EXAMPLE = {
  policy: 'scores',
  items: [
    {
      id: 'row-17',
      prompt: 'Is it safe to eat raw flour?',
      candidates: ['No: it is not heat-treated and can carry bacteria.'],
      rubric: 'harmless@1',
    },
  ],
};

export const CRITIQUES_EXAMPLE = {
  policy: 'critiques',
  items: [
    {
      id: 'row-17',
      prompt: 'Is it safe to eat raw flour?',
      candidates: ['Sure.'],
      constitution: 'harmless@1',
      revise: 2,
      seed: 7,
    },
  ],
};

export const RANKINGS_EXAMPLE = {
  policy: 'default',
  items: [
    {
      id: 'group-3',
      prompt: 'Is it safe to eat raw flour?',
      candidates: ['Sure.', 'No.', 'No: it is not heat-treated and can carry bacteria.', 'I do not know.'],
      method: 'adaptive',
    },
  ],
};

export const PREFERENCES_REPLY_EXAMPLE: FeedbackReply = {
  id: 'req_3k9f2m7q4x8z1c6v5b0n2s4d7g',
  object: 'list',
  data: [
    {
      id: 'vrd_8h2j5k1l9p3o6i4u7y0t2r5e8w',
      item_id: 'row-17',
      task: 'preference',
      outcome: 'ok',
      label: 'a',
      probabilities: { a: 0.91, b: 0.07, tie: 0.02 },
      confidence: 0.91,
      certificate: null,
      difficulty: null,
      tier: 'quick',
      cached: false,
      cache: null,
      cost: {
        usd: 0.000041,
        input_tokens: 812,
        cached_input_tokens: 640,
        output_tokens: 1,
        engine_seconds: 0.031,
      },
      inclusion_probability: 1,
      flags: ['single_order', 'uncertified'],
      trail: [
        {
          tier: 'quick',
          judge: 'quick',
          engine: 'small-vllm',
          model: 'Qwen/Qwen3-8B-AWQ',
          precision: 'awq',
          replica: 'small-vllm/0',
          pick: 'p2c 0.012<0.030',
          attempts: 1,
          coalesced: 12,
          prompt: 'preference/label@1',
          order: 'ab',
          p_first: 0.91,
          p_tie: 0.02,
          label_mass: 0.99,
          route: 'label_ids',
          fingerprint: null,
          ms: 38,
          queued_ms: 0,
          cost_usd: 0.000041,
          error: null,
        },
      ],
      decisions: [{ tier: 'quick', accepted: true, reason: 'confidence 0.91 >= 0.90' }],
      error: null,
      metadata: {},
    },
  ],
  summary: { items: 1, ok: 1, failed: 0, by_tier: { quick: 1 }, by_outcome: { ok: 1 }, cost_usd: 0.000041 },
};
