/**
 * How far one stored label may be trusted for similar items, learned from those that were judged anew: per
 * entry, not for all alike, after vCache (Schroeder et al. 2025, arXiv 2502.03771, section 4). P(the label is
 * the one that judging says) is logistic in the similarity and does not fall with it. In place of the paper's
 * delta method, which has no answer while all observations agree, the confidence set is that of the likelihood
 * ratio over a grid (Wilks 1938: twice the log ratio is chi-squared with 2 degrees of freedom, so that a
 * relative likelihood below eps is outside the set with confidence 1 - eps).
 */
export interface Correctness {
  readonly observations: number;
  /** An item of this similarity was judged anew. `similarity` in [floor, 1]. */
  saw(similarity: number, isCorrect: boolean): void;
  /**
   * Probability, in [0.02, 1], with which an item of this similarity must be judged anew so that the label is
   * wrongly given with probability at most `maxError`, in (0, 1).
   */
  exploreShare(similarity: number, maxError: number): number;
}

/** Fewer say nothing: until then everything is judged anew (as in the paper). */
const LEAST_OBSERVATIONS = 6;
/** Even a sure entry is looked at: judges and items change. */
const LEAST_EXPLORED = 0.02;
const STEP = 0.5;
/** Log-odds of being correct that are held possible, at either end. */
const LOG_ODDS = Array.from({ length: 21 }, (_, i) => -3 + STEP * i);
/** Hypotheses: log-odds at the floor, and at similarity 1. */
const PAIRS = LOG_ODDS.flatMap((low) => LOG_ODDS.filter((high) => high >= low).map((high) => [low, high]));
const LOW = Float64Array.from(PAIRS, ([low = 0]) => low);
const RISE = Float64Array.from(PAIRS, ([low = 0, high = 0]) => high - low);
/** Probabilities with which the confidence set may miss the truth; the tightest of the bounds counts. */
const MISSES = [0.3, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001] as const;
const LOG_MISSES = MISSES.map(Math.log);
/** Memory of one that has seen anything, in bytes. */
export const CORRECTNESS_BYTES = 8 * PAIRS.length;

/** `floor`: least similarity that is ever asked about, in [0, 1). */
export function createCorrectness(floor: number): Correctness {
  let logLikelihoods: Float64Array | null = null;
  let observations = 0;
  const placeOf = (similarity: number): number =>
    Math.min(1, Math.max(0, (similarity - floor) / (1 - floor)));

  return {
    get observations() {
      return observations;
    },
    saw(similarity, isCorrect) {
      const likelihoods = (logLikelihoods ??= new Float64Array(PAIRS.length));
      const place = placeOf(similarity);
      for (let i = 0; i < likelihoods.length; i += 1) {
        const logOdds = logOddsOf(i, place);
        likelihoods[i] = (likelihoods[i] ?? 0) - Math.log1p(Math.exp(isCorrect ? -logOdds : logOdds));
      }
      observations += 1;
    },
    exploreShare(similarity, maxError) {
      if (logLikelihoods === null || observations < LEAST_OBSERVATIONS) return 1;
      const risk = riskAt(placeOf(similarity), logLikelihoods);
      return Math.max(LEAST_EXPLORED, 1 - maxError / Math.max(risk, maxError));
    },
  };
}

function logOddsOf(hypothesis: number, place: number): number {
  return (LOW[hypothesis] ?? 0) + (RISE[hypothesis] ?? 0) * place;
}

/** Upper bound of P(wrong): the confidence set misses the truth, or the worst hypothesis in it holds. */
function riskAt(place: number, logLikelihoods: Float64Array): number {
  let best = -Infinity;
  for (const value of logLikelihoods) best = Math.max(best, value);
  // The worst log-odds among hypotheses whose relative likelihood is at least each miss.
  const worst = LOG_MISSES.map(() => Infinity);
  for (let i = 0; i < logLikelihoods.length; i += 1) {
    const relative = (logLikelihoods[i] ?? 0) - best;
    const logOdds = logOddsOf(i, place);
    for (let m = LOG_MISSES.length - 1; m >= 0 && relative >= (LOG_MISSES[m] ?? 0); m -= 1) {
      if (logOdds < (worst[m] ?? 0)) worst[m] = logOdds;
    }
  }
  // The set's edge lies somewhere before the next hypothesis: half a step is given away.
  return Math.min(...MISSES.map((miss, m) => miss + (1 - miss) / (1 + Math.exp((worst[m] ?? 0) - STEP / 2))));
}
