import { type JudgeKey, judgeKeyOf } from '../../src/domain/judge-key.ts';

/** A judge key that differs from others by its model alone. */
export function keyOfModel(model: string, orders: 'one' | 'both' = 'both'): JudgeKey {
  return judgeKeyOf({
    model,
    precision: null,
    prompt: 'preference/label@1',
    promptHash: 'hash',
    orders,
    route: 'label_ids',
    engine: 'openai/vllm',
    fingerprint: 'build-1',
  });
}
