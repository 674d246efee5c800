import type { Acceptance, AcceptanceRule } from '../contracts/routing.ts';
import type { CritiqueJudgment } from '../domain/critique.ts';
import { labelOf } from '../domain/preference.ts';
import type { ScoreJudgment } from '../domain/score.ts';

/**
 * Accepts a judgment whose confidence is at least `acceptAt` in [0, 1]. A plain threshold on an
 * uncalibrated number: it ranks, it promises no agreement, so verdicts carry no certificate.
 */
export function thresholdRule(acceptAt: number): AcceptanceRule {
  return {
    decide(judgment) {
      if (labelOf(judgment.probabilities) === null) {
        return { accept: false, certificate: null, reason: 'the two orders cancel each other out' };
      }
      return atLeast(judgment.confidence, acceptAt);
    },
  };
}

/** The same for scores, whose confidence is the concentration of their distribution. */
export function scoreRule(acceptAt: number): AcceptanceRule<ScoreJudgment> {
  return { decide: ({ confidence }) => atLeast(confidence, acceptAt) };
}

/** For revisions, by how much more likely they are better than worse; what nobody compared is accepted. */
export function revisionRule(acceptAt: number): AcceptanceRule<CritiqueJudgment> {
  return {
    decide({ improvement }) {
      if (improvement === null) return { accept: true, certificate: null, reason: 'nothing to compare' };
      const accept = improvement >= acceptAt;
      const reason = `P(better) ${improvement.toFixed(2)} ${accept ? '>=' : '<'} ${acceptAt.toFixed(2)}`;
      return { accept, certificate: null, reason };
    },
  };
}

function atLeast(confidence: number, acceptAt: number): Acceptance {
  const accept = confidence >= acceptAt;
  const reason = `confidence ${confidence.toFixed(2)} ${accept ? '>=' : '<'} ${acceptAt.toFixed(2)}`;
  return { accept, certificate: null, reason };
}
