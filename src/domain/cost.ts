/** Tokens that one engine call used. `cachedInputTokens` is part of `inputTokens`. All are integers >= 0. */
export interface Usage {
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
}

export const NO_USAGE: Usage = { inputTokens: 0, cachedInputTokens: 0, outputTokens: 0 };

/** What an engine costs: by token, or by the hour of the GPUs that serve it. */
export type Price =
  | {
      readonly by: 'token';
      /** US dollars per million tokens, >= 0. */
      readonly inputPerMtokUsd: number;
      readonly cachedInputPerMtokUsd: number;
      readonly outputPerMtokUsd: number;
    }
  | {
      readonly by: 'gpuHour';
      /** US dollars for one hour of one GPU, >= 0. */
      readonly gpuHourUsd: number;
      /** GPUs that one replica occupies, > 0. */
      readonly gpus: number;
    };

/** Money spent and what it bought. Money is an integer of nano-dollars (1e-9 USD), so that sums stay exact. */
export interface Cost {
  readonly nanoUsd: number;
  readonly usage: Usage;
  /** Share of the engine's busy time, in seconds, that the calls used. */
  readonly engineSeconds: number;
}

export const NO_COST: Cost = { nanoUsd: 0, usage: NO_USAGE, engineSeconds: 0 };

const NANO = 1e9;

/** Price of one call in nano-dollars, rounded to the nearest integer. */
export function priceOf(price: Price, usage: Usage, engineSeconds: number): number {
  if (price.by === 'gpuHour') {
    return Math.round((engineSeconds / 3600) * price.gpuHourUsd * price.gpus * NANO);
  }
  const freshTokens = usage.inputTokens - usage.cachedInputTokens;
  const usdPerMillion =
    freshTokens * price.inputPerMtokUsd +
    usage.cachedInputTokens * price.cachedInputPerMtokUsd +
    usage.outputTokens * price.outputPerMtokUsd;
  return Math.round((usdPerMillion / 1e6) * NANO);
}

export function addCosts(costs: readonly Cost[]): Cost {
  let nanoUsd = 0;
  let engineSeconds = 0;
  let inputTokens = 0;
  let cachedInputTokens = 0;
  let outputTokens = 0;
  for (const cost of costs) {
    nanoUsd += cost.nanoUsd;
    engineSeconds += cost.engineSeconds;
    inputTokens += cost.usage.inputTokens;
    cachedInputTokens += cost.usage.cachedInputTokens;
    outputTokens += cost.usage.outputTokens;
  }
  return { nanoUsd, engineSeconds, usage: { inputTokens, cachedInputTokens, outputTokens } };
}

export function toUsd(nanoUsd: number): number {
  return nanoUsd / NANO;
}

/**
 * Shares out what one call used among its questions, whose sizes are in proportion to `weights` (>= 0, not all 0):
 * integers that add up to the whole, and never more cached tokens than input tokens. Each question with a weight
 * wrote as many tokens as the others.
 */
export function shareUsage(
  { inputTokens, cachedInputTokens, outputTokens }: Usage,
  weights: readonly number[],
): Usage[] {
  const cached = sharesOf(cachedInputTokens, weights);
  const fresh = sharesOf(inputTokens - cachedInputTokens, weights);
  const output = sharesOf(
    outputTokens,
    weights.map((weight) => (weight > 0 ? 1 : 0)),
  );
  return weights.map((_, place) => ({
    inputTokens: (cached[place] ?? 0) + (fresh[place] ?? 0),
    cachedInputTokens: cached[place] ?? 0,
    outputTokens: output[place] ?? 0,
  }));
}

/** Shares out what one call cost among its questions; money and tokens add up to the whole. `weights` as above. */
export function shareCost({ nanoUsd, usage, engineSeconds }: Cost, weights: readonly number[]): Cost[] {
  const money = sharesOf(nanoUsd, weights);
  const usages = shareUsage(usage, weights);
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight, place) => ({
    nanoUsd: money[place] ?? 0,
    usage: usages[place] ?? NO_USAGE,
    engineSeconds: (engineSeconds * weight) / whole,
  }));
}

/** Each share ends where the running sum of weights says, rounded down: no share is off by more than one. */
function sharesOf(total: number, weights: readonly number[]): number[] {
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  let weight = 0;
  let given = 0;
  return weights.map((each, place) => {
    weight += each;
    const until = place === weights.length - 1 ? total : Math.floor((total * weight) / whole);
    const share = until - given;
    given = until;
    return share;
  });
}
