import type { PlannedTier, Range, Spending } from '../contracts/plan.ts';
import { type Price, priceOf } from '../domain/cost.ts';

/** What one tier does in a run: how many rows reach it, and what each costs there. */
export interface TierForecast {
  readonly tier: string;
  readonly engine: string;
  readonly model: string;
  readonly price: Price;
  /** Replicas that work side by side, >= 1. */
  readonly replicas: number;
  /** Share of the rows, in [0, 1]. */
  readonly reach: Range;
  /** Calls for each row that reaches it, >= 1; all but the first find the shared text in the prefix cache. */
  readonly callsPerRow: Range;
  readonly basis: string;
}

/** Sums over the rows, in characters of the rendered prompts of one order. */
export interface PromptSums {
  readonly rows: number;
  readonly characters: number;
  /** Up to the first response: the same in both orders. */
  readonly sharedCharacters: number;
}

/** What tokens are and take on the engines. */
export interface Rates {
  /** Seconds that one uncached token takes on one replica. */
  readonly secondsPerToken: number;
  readonly tokensPerCharacter: Range;
  /** Share of the input tokens that prefix caches have, where it was measured; null takes the second orders' beginnings. */
  readonly cachedShare: number | null;
}

/**
 * Tokens for one character where nothing was measured: a quarter as everywhere in Assay; English prose under the tokenizers of today's
 * models lies within a fifth and a third, code and other scripts come near the upper end.
 */
export const USUAL_TOKENS_PER_CHARACTER: Range = { low: 1 / 5, expected: 1 / 4, high: 1 / 3 };

/** A label is one token. */
const TOKENS_PER_LABEL = 1;

const ENDS = ['low', 'expected', 'high'] as const;

/** The forecast of one tier. Where nothing was measured, no prefix is cached at the high end. */
export function planTier(forecast: TierForecast, sums: PromptSums, rates: Rates): PlannedTier {
  const { tier, engine, model, reach, basis } = forecast;
  const rows = rangeOf((end) => reach[end] * sums.rows);
  const mean = (characters: number, end: keyof Range): number =>
    (characters / sums.rows) * rates.tokensPerCharacter[end];
  const calls = rangeOf((end) => rows[end] * forecast.callsPerRow[end]);
  const inputTokens = rangeOf((end) => calls[end] * mean(sums.characters, end));
  const cachedInputTokens = rangeOf((end) => {
    if (rates.cachedShare !== null) return rates.cachedShare * inputTokens[end];
    return end === 'high' ? 0 : (calls[end] - rows[end]) * mean(sums.sharedCharacters, end);
  });
  const outputTokens = rangeOf((end) => calls[end] * TOKENS_PER_LABEL);
  const busy = rangeOf(
    (end) => (inputTokens[end] - cachedInputTokens[end] + outputTokens[end]) * rates.secondsPerToken,
  );
  const nanoUsd = rangeOf((end) => {
    const usage = {
      inputTokens: inputTokens[end],
      cachedInputTokens: cachedInputTokens[end],
      outputTokens: outputTokens[end],
    };
    return priceOf(forecast.price, usage, busy[end]);
  });
  const seconds = rangeOf((end) => busy[end] / forecast.replicas);
  return {
    tier,
    engine,
    model,
    rows,
    basis,
    spending: { calls, inputTokens, cachedInputTokens, outputTokens, nanoUsd, seconds },
  };
}

/** All tiers together. Tiers on one engine take turns, engines work side by side: the busiest one ends last. */
export function totalOf(tiers: readonly PlannedTier[]): Spending {
  const add = (name: keyof Spending): Range =>
    rangeOf((end) => tiers.reduce((sum, { spending }) => sum + spending[name][end], 0));
  const engines = [...Map.groupBy(tiers, ({ engine }) => engine).values()];
  const seconds = rangeOf((end) =>
    Math.max(0, ...engines.map((own) => own.reduce((sum, { spending }) => sum + spending.seconds[end], 0))),
  );
  return {
    calls: add('calls'),
    inputTokens: add('inputTokens'),
    cachedInputTokens: add('cachedInputTokens'),
    outputTokens: add('outputTokens'),
    nanoUsd: add('nanoUsd'),
    seconds,
  };
}

function rangeOf(at: (end: keyof Range) => number): Range {
  const [low = 0, expected = 0, high = 0] = ENDS.map(at);
  return { low, expected, high };
}
