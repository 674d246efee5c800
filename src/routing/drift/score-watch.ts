import type { CalibrationItem, Certificate, Stage } from '../../contracts/certificate.ts';
import type { JudgeSignals } from '../../domain/signals.ts';
import { decideStage } from '../certificates/decision.ts';
import { withStagesOf } from '../certificates/shorter-chains.ts';
import { createDistributionWatch } from './distribution-watch.ts';

/** What the first stage of a certificate said of one item: every item that it is used for has that. */
export interface FirstAnswer {
  /** P(agree) as the certificate's model sees it, in [0, 1]. */
  readonly score: number;
  /** In [0, 1]; null when the engine does not tell. */
  readonly labelMass: number | null;
}

/** Compares the first stage's live answers with those of the items that certified. */
export interface ScoreWatch {
  /** Null, or what moved, as one clause. */
  observe(answer: FirstAnswer): string | null;
}

/** `reference`: answers of the items that certified; none, as for a certificate made elsewhere: the first that come. */
export function createScoreWatch(reference: readonly FirstAnswer[]): ScoreWatch {
  const scores = createDistributionWatch(reference.map(({ score }) => score));
  const masses = createDistributionWatch(
    reference.flatMap(({ labelMass }) => (labelMass === null ? [] : [coarse(labelMass)])),
  );
  return {
    observe({ score, labelMass }) {
      const shift = scores.observe(score);
      if (shift !== null) return described('the scores of the first judge', shift);
      const lost = labelMass === null ? null : masses.observe(coarse(labelMass));
      return lost === null ? null : described('the label masses of the first judge', lost);
    },
  };
}

/** What the first stage of the certificate said of items that were judged by the whole chain. */
export function firstAnswersOf(
  certificate: Certificate,
  items: readonly CalibrationItem[],
  chain: readonly Stage[],
): FirstAnswer[] {
  return withStagesOf(certificate, items, chain).flatMap((item) => {
    const { score } = decideStage(certificate, 0, item);
    const answer: JudgeSignals | null = item.answers[0] ?? null;
    return score === null || answer === null ? [] : [{ score, labelMass: answer.labelMass }];
  });
}

/** To a hundredth: a smaller change is seen by a rank test, and means nothing. */
function coarse(mass: number): number {
  return Math.round(100 * mass) / 100;
}

function described(what: string, { psi, gap }: { readonly psi: number; readonly gap: number }): string {
  return `${what} are no longer those that were certified (gap ${gap.toFixed(2)}, stability index ${psi.toFixed(2)})`;
}
