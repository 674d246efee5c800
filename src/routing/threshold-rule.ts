import type { AcceptanceRule } from '../contracts/routing.ts';
import { labelOf } from '../domain/preference.ts';

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
      const accept = judgment.confidence >= acceptAt;
      const reason = `confidence ${judgment.confidence.toFixed(2)} ${accept ? '>=' : '<'} ${acceptAt.toFixed(2)}`;
      return { accept, certificate: null, reason };
    },
  };
}
