import type { Calibrator } from '../../contracts/certificate.ts';
import { applyIsotonic, fitIsotonic } from '../../statistics/isotonic.ts';
import { sigmoid } from '../../statistics/logistic.ts';
import { applyPlatt, fitPlatt } from '../../statistics/platt.ts';

/** Below this many items a sigmoid is steadier than a free monotone curve (Niculescu-Mizil and Caruana 2005). */
const ISOTONIC_FROM = 1_000;

/** Turns scores (log-odds) into honest probabilities for soft labels. Thresholds never look at them. */
export function fitCalibrator(scores: readonly number[], agrees: readonly boolean[]): Calibrator {
  if (scores.length === 0) return { kind: 'none' };
  if (scores.length < ISOTONIC_FROM) return { kind: 'platt', ...fitPlatt(scores, agrees) };
  const fit = fitIsotonic(
    scores,
    agrees.map((right) => (right ? 1 : 0)),
  );
  return { kind: 'isotonic', ...fit };
}

/** Calibrated probability of agreement in [0, 1] for a score in log-odds. */
export function calibrate(calibrator: Calibrator, score: number): number {
  switch (calibrator.kind) {
    case 'none':
      return sigmoid(score);
    case 'platt':
      return applyPlatt(calibrator, score);
    case 'isotonic':
      return applyIsotonic(calibrator, score);
  }
}
