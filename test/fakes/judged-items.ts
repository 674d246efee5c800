import type { JudgedItem, Opinion } from '../../src/contracts/evaluation.ts';
import { judgeKeyOf } from '../../src/domain/judge-key.ts';
import { judgmentOf } from '../../src/domain/judgment.ts';
import type { Label } from '../../src/domain/verdict.ts';

/** P(a) as read in the order ab and in the order ba; one number stands for both. */
export type Said = number | readonly [number, number];

interface Row {
  readonly gold?: Label;
  readonly candidates?: readonly [string, string];
  readonly prompt?: string;
  readonly judges: Readonly<Record<string, Said>>;
}

/** Items written by hand: what each judge said, a gold label, texts. */
export function judgedItems(rows: readonly Row[]): JudgedItem[] {
  return rows.map(({ gold, candidates = ['longer text', 'short'], prompt, judges }, index) => ({
    id: `item-${index}`,
    line: index + 1,
    group: prompt ?? `prompt ${index}`,
    item: {
      id: `item-${index}`,
      prompt: prompt ?? `prompt ${index}`,
      candidates,
      rubric: undefined,
      metadata: {},
    },
    gold: gold ?? null,
    opinions: new Map(Object.entries(judges).map(([name, said]) => [name, opinionOf(name, said)])),
    verdict: null,
  }));
}

function opinionOf(name: string, said: Said): Opinion {
  const [ab, ba] = typeof said === 'number' ? [said, said] : said;
  const reading = (order: 'ab' | 'ba', a: number) => ({
    order,
    probabilities: { a, b: 1 - a, tie: 0 },
    worstCase: Math.max(a, 1 - a),
    censored: false,
    mass: 1,
  });
  const key = judgeKeyOf({
    model: name,
    precision: 'awq',
    prompt: 'preference/label@1',
    promptHash: 'x',
    orders: 'both',
    route: 'label_ids',
    engine: 'openai/vllm',
    fingerprint: null,
  });
  return {
    judgment: judgmentOf([reading('ab', ab), reading('ba', ba)], key),
    nanoUsd: name === 'small' ? 100 : 1000,
    usage: { inputTokens: 300, cachedInputTokens: 100, outputTokens: 2 },
    ms: 10,
    identity: {
      engine: 'e',
      model: name,
      precision: 'awq',
      prompt: 'preference/label@1',
      route: 'label_ids',
      fingerprint: null,
    },
  };
}
