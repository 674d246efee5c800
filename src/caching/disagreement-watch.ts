/**
 * Tells whether a judge's kept labels are wrong more often than is tolerated, looking after every one that was
 * judged anew. The evidence is the mean of likelihood ratios of two and four times the tolerated share against
 * it: while the true share is at most the tolerated one it is a supermartingale that starts at 1, so that it
 * ever reaches 1/alpha with probability at most alpha (Ville 1939; Wald's test of 1945, mixed).
 */
export interface DisagreementWatch {
  /** One label was judged anew; true when it is enough, and the watch begins from the start. */
  saw(disagreed: boolean): boolean;
}

const MULTIPLES = [2, 4] as const;
/** Probability of a false alarm over the whole watch. */
const ALPHA = 0.01;

/** `tolerated` in (0, 0.25]. */
export function createDisagreementWatch(tolerated: number): DisagreementWatch {
  let logs: number[] = MULTIPLES.map(() => 0);
  return {
    saw(disagreed) {
      logs = logs.map((log, i) => {
        const worse = tolerated * (MULTIPLES[i] ?? 1);
        return log + Math.log(disagreed ? worse / tolerated : (1 - Math.min(worse, 0.999)) / (1 - tolerated));
      });
      const evidence = logs.reduce((sum, log) => sum + Math.exp(log), 0) / logs.length;
      if (evidence < 1 / ALPHA) return false;
      logs = MULTIPLES.map(() => 0);
      return true;
    },
  };
}
