import { ERRORS, type Problem } from '../../domain/errors.ts';
import type { Verdict } from '../../domain/verdict.ts';
import { renderEnvelope } from '../../wire/envelope.ts';
import type { Exchange } from '../exchange.ts';
import { sendJson } from '../reply.ts';

/** Seconds after which a trainer may ask again; the request was already held for as long as it may last. */
const RETRY_AFTER = 1;

/**
 * Says that there is no reward, in the words that trainers understand: 503 for what may pass, which all of
 * them try again, and 422 for what cannot. Never 429, which verl takes for the end of the run, and never 502
 * for a lasting failure, which NeMo-Gym would ask for again and again.
 */
export function sendUnjudged(exchange: Exchange, verdicts: readonly Verdict[]): void {
  const [first, ...others] = verdicts.map(problemOf);
  if (first === undefined) return;
  exchange.errorCode = first.code;
  const mayPass = verdicts.some(({ problem }) => problem !== null && ERRORS[problem.code].retryable);
  const status = mayPass ? 503 : 422;
  const retry: [string, number][] = mayPass ? [['retry-after', RETRY_AFTER]] : [];
  sendJson(exchange, status, renderEnvelope(first, ...others), retry);
}

function problemOf({ itemId, outcome, problem }: Verdict): Problem {
  if (problem === null) {
    return { code: 'not_judged', message: `${itemId} ended without a label: ${outcome}`, param: itemId };
  }
  return { ...problem, message: `${itemId}: ${problem.message}` };
}
