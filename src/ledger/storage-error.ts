import { GatewayError } from '../domain/errors.ts';

/**
 * Tells a database that is away from everything else that can go wrong. PostgreSQL says it by SQLSTATE (class
 * 08 connection, 53 resources, 57P shutdown), Node by the error of a system call, pg by sentences alone.
 */
export function asStorageError(error: unknown): unknown {
  if (error instanceof GatewayError || !isAway(error)) return error;
  return new GatewayError('storage_unavailable', 'the database of the ledger cannot be reached', {
    cause: error,
    retryAfterSeconds: 5,
  });
}

/** 57014: the statement ran out of time. */
const AWAY_STATE = /^(08|53|57P|57014)/;
const AWAY_CALL = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
const AWAY_SENTENCE =
  /connection terminated|timeout exceeded|query read timeout|client has encountered|not queryable/i;

function isAway(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isAway);
  if (!(error instanceof Error)) return false;
  if ('code' in error && typeof error.code === 'string') {
    const { code } = error;
    return AWAY_CALL.has(code) ? 'syscall' in error : AWAY_STATE.test(code);
  }
  return AWAY_SENTENCE.test(error.message);
}
