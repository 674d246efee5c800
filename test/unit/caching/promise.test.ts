import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { promiseOf } from '../../../src/compose-caching.ts';
import { checkConfig } from '../../../src/config/loader.ts';

const templates = join(import.meta.dirname, '../../../src/judging/templates');

interface Changes {
  readonly engine?: object;
  readonly judge?: object;
  readonly policy?: object;
}

/** What a label of the policy `default` rests on, under a configuration. */
function promised({ engine = {}, judge = {}, policy = {} }: Changes): string {
  const loaded = checkConfig(
    {
      engines: {
        small: {
          kind: 'openai',
          replicas: ['http://small:8000'],
          model: 'm',
          cost: { inputPerMtokUsd: 1, outputPerMtokUsd: 1 },
          ...engine,
        },
        other: {
          kind: 'openai',
          replicas: ['http://other:8000'],
          model: 'm',
          cost: { inputPerMtokUsd: 1, outputPerMtokUsd: 1 },
        },
      },
      judges: { quick: { engine: 'small', ...judge }, strict: { engine: 'other' } },
      policies: { default: { tiers: ['quick', 'strict'], ...policy } },
    },
    { environment: {}, builtInTemplates: templates },
  );
  const found = loaded.config.policies['default'];
  if (found === undefined) throw new Error('no policy');
  return promiseOf('default', found, loaded);
}

describe('what a label rests on', () => {
  const different: readonly [string, Changes][] = [
    ['the model', { engine: { model: 'n' } }],
    ['its precision', { engine: { precision: 'awq' } }],
    ['the dialect of the engine', { engine: { flavour: 'sglang' } }],
    ['the orders', { judge: { orders: 'one' } }],
    ['the engine', { judge: { engine: 'other' } }],
    ['the judges', { policy: { tiers: ['strict', 'quick'] } }],
    ['fewer judges', { policy: { tiers: ['strict'] } }],
    ['where a judgment is final', { policy: { acceptAt: 0.8 } }],
    ['where the last one abstains', { policy: { abstainBelow: 0.6 } }],
    ['a target', { policy: { target: { agreement: 0.9 } } }],
    ['another target', { policy: { target: { agreement: 0.95 } } }],
  ];

  it.each(different)('differs with %s', (_, changes) => {
    expect(promised(changes)).not.toBe(promised({}));
  });

  it('differs between any two of them', () => {
    expect(new Set(different.map(([, changes]) => promised(changes))).size).toBe(different.length);
  });

  it.each([
    ['addresses', { engine: { replicas: ['http://elsewhere:8000'] } }],
    ['prices', { engine: { cost: { inputPerMtokUsd: 2, outputPerMtokUsd: 2 } } }],
    ['deadlines', { policy: { deadlineMs: 1_000, concurrency: 2 } }],
    ['how long labels are kept', { policy: { cache: { ttlMs: 1_000 } } }],
  ] satisfies [string, Changes][])('is the same with other %s', (_, changes) => {
    expect(promised(changes)).toBe(promised({}));
  });
});
