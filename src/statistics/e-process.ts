import { softplus } from './logistic.ts';

/**
 * Watches a stream of losses for a risk above `alpha`, valid however long it watches and whenever it is looked at.
 *
 * Each bet l multiplies its wealth by 1 + l * (loss - alpha), which on average does not grow while the risk is at
 * most alpha (Waudby-Smith and Ramdas 2024); the evidence is the mean over a few fixed bets. Kept as logarithms.
 *
 * - `e-process`: evidence since the start. Under risk <= alpha it ever reaches 1/delta with probability at most
 *   delta (Ville). For a stream that may be wrong from its first item. Slow after a long good stretch, which costs
 *   it its wealth.
 * - `e-cusum`: wealth never below 1 before a bet (Page 1954; Shin, Ramdas and Rinaldo 2023, "E-detectors"). Catches
 *   a change soon, whenever it comes. Under risk <= alpha the expected run to a false alarm at threshold c is at
 *   least c losses; there is no bound over an endless stream.
 * - `shiryaev-roberts`: sums evidence over all starts; the same guarantee as `e-cusum`, and the larger statistic.
 */
export type DetectorKind = 'e-process' | 'e-cusum' | 'shiryaev-roberts';

/** A detector's whole memory, as plain JSON. */
export interface DetectorState {
  readonly kind: DetectorKind;
  /** The tolerated risk, inside (0, 1). */
  readonly alpha: number;
  /** All above 0 and below 1/alpha. */
  readonly bets: readonly number[];
  /** ln of each bet's wealth. */
  readonly logWealth: readonly number[];
  readonly observations: number;
  /** The largest ln(evidence) so far. */
  readonly peak: number;
}

export interface RiskDetector {
  /**
   * Takes the next loss, 0 or more (1 for a disagreement), and returns ln(evidence).
   *
   * `weight` corrects for audits that were not drawn alike: c / pi, pi the item's own audit probability, known before
   * it was judged, and c at most the mean audit probability of the traffic. Then the weighted loss has at most the
   * traffic's risk as its mean, and every guarantee holds; cutting large weights only makes it more careful. Weights
   * that depend on the loss, or that are scaled by hindsight to sum to n, are not valid.
   */
  observe(loss: number, weight?: number): number;
  /** ln(evidence) now. */
  logEvidence(): number;
  /** Whether the evidence has ever reached `threshold`: 1/delta for an e-process, the run length for the others. */
  reached(threshold: number): boolean;
  state(): DetectorState;
}

/** Absolute bets; those at or above 1/alpha are left out. Scaled as l/alpha they would miss most drifts at small alpha. */
const BETS = [0.25, 0.5, 1, 2, 4] as const;

/** ln(0), as a number that JSON can carry. */
const LOG_ZERO = -1e300;

/** A detector without a past. Throws a `RangeError` for an alpha outside (0, 1) or a bet outside (0, 1/alpha). */
export function createRiskDetector(
  kind: DetectorKind,
  alpha: number,
  bets: readonly number[] = BETS.filter((bet) => bet * alpha < 1),
): RiskDetector {
  const start = kind === 'shiryaev-roberts' ? LOG_ZERO : 0;
  return restoreRiskDetector({
    kind,
    alpha,
    bets,
    logWealth: bets.map(() => start),
    observations: 0,
    peak: start,
  });
}

/** A detector that goes on from a stored state; the state comes from outside and is checked by the reader. */
export function restoreRiskDetector(from: DetectorState): RiskDetector {
  const { kind, alpha, bets } = from;
  if (!(alpha > 0 && alpha < 1)) throw new RangeError(`the tolerated risk is inside (0, 1), not ${alpha}`);
  if (bets.length === 0 || !bets.every((bet) => bet > 0 && bet * alpha < 1)) {
    throw new RangeError(`bets are above 0 and below ${1 / alpha}`);
  }
  if (from.logWealth.length !== bets.length) throw new RangeError('one wealth for each bet');
  const logWealth = Float64Array.from(from.logWealth);
  let observations = from.observations;
  let peak = from.peak;
  return {
    observe(loss, weight = 1) {
      const weighted = loss * weight;
      if (!(weighted >= 0 && Number.isFinite(weighted))) {
        throw new RangeError(`a loss and its weight are 0 or more, not ${loss} and ${weight}`);
      }
      for (let i = 0; i < logWealth.length; i += 1) {
        const before = carriedOver(kind, logWealth[i] ?? LOG_ZERO);
        logWealth[i] = before + Math.log1p((bets[i] ?? 0) * (weighted - alpha));
      }
      observations += 1;
      const evidence = logMean(logWealth);
      peak = Math.max(peak, evidence);
      return evidence;
    },
    logEvidence: () => logMean(logWealth),
    reached: (threshold) => peak >= Math.log(threshold),
    state: () => ({ kind, alpha, bets, logWealth: [...logWealth], observations, peak }),
  };
}

function carriedOver(kind: DetectorKind, logWealth: number): number {
  switch (kind) {
    case 'e-process':
      return logWealth;
    case 'e-cusum':
      return Math.max(0, logWealth);
    case 'shiryaev-roberts':
      return softplus(logWealth);
  }
}

/** ln of the mean of e^x. */
function logMean(logs: Float64Array): number {
  let most = Number.NEGATIVE_INFINITY;
  for (const value of logs) most = Math.max(most, value);
  let sum = 0;
  for (const value of logs) sum += Math.exp(value - most);
  return most + Math.log(sum / logs.length);
}
