import type { DistributionReply, EngineFailure } from '../contracts/engine.ts';
import type { Problem } from '../domain/errors.ts';

/** Below this share of probability on the label tokens a judge did not answer the question. */
const MINIMUM_LABEL_MASS = 0.9;

/** What is wrong with an answer that says too little on the labels; null when nothing is. */
export function massProblem({ distribution }: Pick<DistributionReply, 'distribution'>): Problem | null {
  if (distribution.mass >= MINIMUM_LABEL_MASS) return null;
  const mass = distribution.mass.toFixed(2);
  return {
    code: 'unparseable',
    message: `the judge put only ${mass} of its probability on the labels; ${MINIMUM_LABEL_MASS} is needed`,
    param: null,
  };
}

export function problemOf(failure: EngineFailure): Problem {
  return { code: failure.code, message: failure.message, param: null };
}
