import type { EngineFailure } from '../../contracts/engine.ts';
import { type EngineError, parseErrorText } from './error-body.ts';

/**
 * The table of what engines say and what it means. The first row that fits decides; texts are matched by
 * their stable part, because engines append parameters to them. Nothing here names an address, and an
 * engine's own words are passed on only where they tell the caller what to mend.
 */
interface Row {
  /** Statuses it is for; undefined for any, and for errors inside a stream, which have none. */
  readonly status?: (status: number) => boolean;
  readonly matches?: (error: EngineError) => boolean;
  readonly failure: Omit<EngineFailure, 'message'>;
  readonly message: (error: EngineError, status: number | null) => string;
}

const says =
  (pattern: RegExp) =>
  ({ message }: EngineError): boolean =>
    message !== null && pattern.test(message);

const is =
  (...statuses: number[]) =>
  (status: number): boolean =>
    statuses.includes(status);

/** vLLM and SGLang, llama.cpp, SGLang, Ollama, TensorRT-LLM in this order. */
const OVERFLOW =
  /maximum context length|context_length_exceeded|exceeds the available context size|longer than the model's context length|exceeds? (?:the )?(?:max )?context length|sum of prompt length.*should not exceed|prompt length.*exceeds maximum input length/i;

const ROWS: readonly Row[] = [
  {
    // Python refuses to write NaN as JSON: a 400 that is no fault of the caller.
    matches: says(/out of range float values are not json compliant/i),
    failure: { code: 'engine_corrupt', sent: true, blamesReplica: true },
    message: () => 'the engine computed values that are no numbers (NaN)',
  },
  {
    // vLLM while it drains: /health still says 200.
    matches: says(/cannot schedule new futures after shutdown/i),
    failure: { code: 'engine_unavailable', sent: false, blamesReplica: true },
    message: () => 'the engine is shutting down',
  },
  {
    matches: says(/EngineCore encountered an issue|EngineDeadError|engine (?:loop )?(?:is dead|has died)/i),
    failure: { code: 'engine_error', sent: true, blamesReplica: true },
    message: () => 'the engine process died in the middle of the call',
  },
  {
    // llama.cpp's word for a body that is no JSON to it, such as half of a surrogate pair.
    status: is(500),
    matches: says(/\[json\.exception\./),
    failure: { code: 'engine_rejected', sent: false, blamesReplica: false },
    message: () => 'the engine cannot read the request as JSON',
  },
  {
    // TensorRT-LLM answers 400 whatever goes wrong inside it.
    status: is(400),
    matches: says(/CUDA error|CppExecutorError|executor (?:has )?(?:died|shut ?down)|internal server error/i),
    failure: { code: 'engine_error', sent: true, blamesReplica: true },
    message: () => 'the engine failed inside and called it a bad request',
  },
  {
    status: is(503),
    matches: (error) => error.type === 'unavailable_error' && says(/loading/i)(error),
    failure: { code: 'engine_unavailable', sent: false, blamesReplica: true },
    message: () => 'the engine is still loading its model',
  },
  {
    status: is(401, 403),
    failure: { code: 'engine_unavailable', sent: false, blamesReplica: true },
    message: (_, status) =>
      `the engine refuses the key that Assay sends (HTTP ${status}); check apiKey of the engine in the configuration`,
  },
  {
    status: is(404),
    matches: (error) =>
      error.param === 'model' ||
      error.code === 'model_not_found' ||
      says(/\bmodel\b.*(?:does not exist|not found)/i)(error),
    failure: { code: 'model_not_found', sent: false, blamesReplica: true },
    message: () => 'the engine does not serve the configured model',
  },
  {
    status: is(429, 503),
    failure: { code: 'overloaded', sent: false, blamesReplica: false },
    message: (_, status) => `the engine is busy and takes no more requests (HTTP ${status})`,
  },
  {
    status: is(400, 413, 422),
    matches: (error) =>
      error.param === 'input_tokens' ||
      error.param === 'input_text' ||
      error.type === 'exceed_context_size_error' ||
      error.code === 'context_length_exceeded' ||
      says(OVERFLOW)(error),
    failure: { code: 'context_overflow', sent: false, blamesReplica: false },
    message: (error) => inOwnWords("the item does not fit into the engine's context", error),
  },
  {
    status: (status) => (status >= 400 && status < 500) || status === 501,
    failure: { code: 'engine_rejected', sent: false, blamesReplica: false },
    message: (error, status) => inOwnWords(`the engine refuses the request (HTTP ${status})`, error),
  },
];

/** A 500 blames nobody: the item may be what breaks the engine, and a check would say that it is well. */
const ENGINE_ERROR: Omit<EngineFailure, 'message'> = {
  code: 'engine_error',
  sent: true,
  blamesReplica: false,
};

/** The failure behind an HTTP status other than 200 and its body. */
export function statusFailure(status: number, text: string, retryAfterMs?: number): EngineFailure {
  const failure = failureOfStatus(status, text);
  return retryAfterMs === undefined ? failure : { ...failure, retryAfterMs };
}

function failureOfStatus(status: number, text: string): EngineFailure {
  const error = parseErrorText(text);
  const row = ROWS.find((each) => (each.status?.(status) ?? true) && (each.matches?.(error) ?? true));
  if (row !== undefined) return { ...row.failure, message: row.message(error, status) };
  return { ...ENGINE_ERROR, message: inOwnWords(`the engine failed (HTTP ${status})`, error) };
}

/** The failure behind an error event in a stream, which arrives under HTTP 200. */
export function streamFailure(error: EngineError): EngineFailure {
  const row = ROWS.find((each) => each.status === undefined && each.matches?.(error) === true);
  if (row !== undefined) return { ...row.failure, sent: true, message: row.message(error, null) };
  return { ...ENGINE_ERROR, message: inOwnWords('the engine failed in the middle of its answer', error) };
}

/** The engine answered, but with something that it should never send. */
export function garbageFailure(message: string): EngineFailure {
  return { code: 'engine_error', message, sent: true, blamesReplica: true, alive: true };
}

/** For text that should have been a JSON object: old engines write NaN and Infinity into it as they are. */
export function unreadableFailure(text: string): EngineFailure {
  return /(?:[:,[]\s*-?)(?:NaN|Infinity)\b/.test(text)
    ? corruptFailure('the engine computed values that are no numbers (NaN)')
    : garbageFailure('the engine answered with something that is no JSON object');
}

export function corruptFailure(message: string): EngineFailure {
  return { code: 'engine_corrupt', message, sent: true, blamesReplica: true };
}

const LONGEST_QUOTE = 300;

function inOwnWords(what: string, { message }: EngineError): string {
  return message === null || message.trim() === '' ? what : `${what}: ${quote(message)}`;
}

/** An engine's text without line breaks, addresses and paths, at most 300 characters of it. */
export function quote(text: string): string {
  const clean = text
    .slice(0, 4 * LONGEST_QUOTE)
    .replaceAll(ADDRESS, '[address]')
    .replaceAll(PATH, '$1[path]')
    .replaceAll(/\s+/g, ' ')
    .trim();
  return clean.length <= LONGEST_QUOTE ? clean : `${clean.slice(0, LONGEST_QUOTE - 1)}…`;
}

/** URLs, IPv4 and bracketed IPv6 addresses, and names with a port. */
const ADDRESS =
  /\b[a-z][a-z+.-]*:\/\/[^\s'"<>)]+|\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?|\[[0-9a-f:]*:[0-9a-f:]*\](?::\d+)?|\b(?:localhost|[\w-]+(?:\.[\w-]+)+):\d{2,5}\b/gi;

/** Absolute file paths: an engine may name the folder of its model. */
const PATH = /(^|[\s'"(=])\/(?:[\w.-]+\/)+[\w.-]*/g;
