import type { EngineFailure } from '../../contracts/engine.ts';
import { GatewayError } from '../../domain/errors.ts';

/** What can go wrong below HTTP, as failures. No message names an address. */

/** The call's own end: its signal says whether the caller left or the time was over. */
export function abortFailure(signal: AbortSignal, sent: boolean): EngineFailure {
  const reason: unknown = signal.reason;
  return reason instanceof GatewayError
    ? { code: reason.code, message: reason.message, sent, blamesReplica: false }
    : { code: 'cancelled', message: 'the call was cancelled', sent, blamesReplica: false };
}

/** No connection, so the engine has seen nothing. */
export function connectFailure(error: unknown): EngineFailure {
  const code = codeOf(error);
  const reason = CONNECT_REASONS[code] ?? (code === '' ? 'the connection failed' : code);
  return {
    code: 'engine_unavailable',
    message: `the engine cannot be reached: ${reason}`,
    sent: false,
    blamesReplica: true,
  };
}

/** The connection broke after the request was sent. */
export function brokenFailure(error: unknown, answering: boolean): EngineFailure {
  const broken = { code: 'engine_error', sent: true, blamesReplica: true } as const;
  return isProtocolError(error)
    ? { ...broken, message: 'the engine did not answer in valid HTTP', alive: true }
    : { ...broken, message: brokenMessage(answering) };
}

/** Asking again would bring as much again, so it is not tried elsewhere. */
export function tooLargeFailure(replyBytes: number): EngineFailure {
  return {
    code: 'engine_reply_too_large',
    message: `the engine's answer is longer than the limit of ${replyBytes} bytes`,
    sent: true,
    blamesReplica: false,
  };
}

export function refusedFailure(reason: 'full' | 'closed'): EngineFailure {
  return reason === 'full'
    ? {
        code: 'overloaded',
        message: 'too many calls wait for a connection to the engine',
        sent: false,
        blamesReplica: false,
      }
    : {
        code: 'engine_unavailable',
        message: 'the connection to the engine is closed',
        sent: false,
        blamesReplica: false,
      };
}

const CONNECT_REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ENOTFOUND: 'its name is unknown',
  EAI_AGAIN: 'its name cannot be looked up at the moment',
  EHOSTUNREACH: 'there is no route to it',
  ENETUNREACH: 'there is no route to it',
  ETIMEDOUT: 'connecting took too long',
  UND_ERR_CONNECT_TIMEOUT: 'connecting took too long',
  ECONNRESET: 'the connection was reset',
  EPROTO: 'it does not speak TLS',
};

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** undici's parser errors have no code of their own, only `HPE_…` or none. */
function isProtocolError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = codeOf(error);
  return error.name === 'HTTPParserError' || code.startsWith('HPE_') || PROTOCOL_CODES.has(code);
}

const PROTOCOL_CODES = new Set(['UND_ERR_HEADERS_OVERFLOW', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH']);

function brokenMessage(answering: boolean): string {
  return answering
    ? 'the connection to the engine broke in the middle of its answer'
    : 'the connection to the engine broke before it answered';
}
