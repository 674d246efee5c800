import { status } from '@grpc/grpc-js';
import type { EngineFailure } from '../../contracts/engine.ts';
import { quote } from '../openai/failures.ts';

/**
 * The table of what Triton says and what it means. The first row that fits decides. Most errors come inside
 * a stream, as a text without a status, and one status stands for many things (UNAVAILABLE for a full queue,
 * a missing key and a server that stops), so texts decide; they are matched by their stable part, because
 * some carry the id of the request in front. Nothing here names an address.
 */
interface Row {
  /** gRPC status that it is for; undefined for any, and for errors inside a stream, which have none. */
  readonly status?: number;
  readonly matches?: RegExp;
  readonly failure: Omit<EngineFailure, 'message'>;
  readonly message: string;
  /** The engine's own words are added, because they tell the caller what to mend. */
  readonly quotes?: boolean;
}

const ROWS: readonly Row[] = [
  {
    // The Python backend's process was killed; ServerReady and ModelReady go on saying yes.
    matches: /stub process .* is not healthy/i,
    failure: { code: 'engine_error', sent: true, blamesReplica: true },
    message: 'the process of the model has died',
  },
  {
    matches:
      /unhealthy vLLM engine|EngineCore encountered an issue|EngineDeadError|engine (?:loop )?(?:is dead|has died)/i,
    failure: { code: 'engine_error', sent: true, blamesReplica: true },
    message: 'the engine inside Triton has died',
  },
  {
    matches: /exceeds maximum queue size/i,
    failure: { code: 'overloaded', sent: false, blamesReplica: false },
    message: 'the queue of the model is full',
  },
  {
    matches: /request timeout expired/i,
    failure: { code: 'overloaded', sent: false, blamesReplica: false },
    message: 'the request waited too long in the queue of the model',
  },
  {
    matches: /this protocol is restricted/i,
    failure: { code: 'engine_unavailable', sent: false, blamesReplica: true },
    message: 'Triton restricts this protocol to callers with a key',
  },
  {
    matches: /stopped accepting new|server is stopping|shutting down|server exiting|server not ready/i,
    failure: { code: 'engine_unavailable', sent: false, blamesReplica: true },
    message: 'Triton is starting or shutting down',
  },
  {
    matches: /has no available versions|unloading/i,
    failure: { code: 'engine_unavailable', sent: false, blamesReplica: true },
    message: 'Triton is loading or unloading the model',
  },
  {
    matches: /request for unknown model|requested model .* is not available/i,
    failure: { code: 'model_not_found', sent: false, blamesReplica: true },
    message: 'Triton does not serve the configured model',
  },
  {
    matches:
      /longer than the maximum model length|maximum context length|exceeds? (?:the )?max(?:imum)?[ _](?:input|sequence|model|seq)[ _]len|max_(?:input|seq|model)_len/i,
    failure: { code: 'context_overflow', sent: false, blamesReplica: false },
    message: "the item does not fit into the engine's context",
    quotes: true,
  },
  {
    matches: /received message larger than max/i,
    failure: { code: 'engine_reply_too_large', sent: true, blamesReplica: false },
    message: "the engine's answer is longer than the limit for messages; raise it",
  },
  {
    matches: /attempted to send message with a size larger than/i,
    failure: { code: 'engine_rejected', sent: false, blamesReplica: false },
    message: 'the request is longer than the limit for messages',
  },
  {
    // Too many pings; the connection is new at the next call.
    matches: /bandwidth exhausted/i,
    failure: { code: 'engine_error', sent: true, blamesReplica: false },
    message: 'Triton closed the connection',
  },
  {
    matches: /no connection established|name resolution failed|ECONNREFUSED|ENOTFOUND|EHOSTUNREACH/i,
    failure: { code: 'engine_unavailable', sent: false, blamesReplica: true },
    message: 'the engine cannot be reached',
  },
  {
    // HTTP/2's word for a stream that the server has not looked at.
    matches: /stream refused by server/i,
    failure: { code: 'overloaded', sent: false, blamesReplica: false },
    message: 'Triton takes no more streams on this connection',
  },
  {
    // The connection reached its age limit (max_connection_age).
    matches: /enter idle/i,
    failure: { code: 'engine_error', sent: true, blamesReplica: false },
    message: 'Triton closed the connection',
  },
  {
    matches: /connection dropped|received RST_STREAM|GOAWAY|ECONNRESET|EPIPE|socket hang up/i,
    failure: { code: 'engine_error', sent: true, blamesReplica: true },
    message: 'the connection to the engine broke',
  },
  {
    matches:
      /unexpected (?:shape|inference input|explicit tensor)|data-type is .* but model|expected .* inputs? but got|batch-size must be|batch size does not match|unexpected deadlock|does(?:n't| not) support models with decoupled|only supported in decoupled|parameter keys starting with/i,
    failure: { code: 'engine_rejected', sent: false, blamesReplica: false },
    message: 'the model does not take the tensors that Assay sends',
    quotes: true,
  },
  {
    matches:
      /unexpected keyword argument|LoRA .*(?:not enabled|not supported)|requested (?:sample|prompt) logprobs|\b(?:temperature|top_p|top_k|min_p|max_tokens|min_tokens|stop|seed|n|presence_penalty|frequency_penalty|repetition_penalty|logit_bias|grammar|json schema)\b.*\bmust\b|must be (?:in|at least|non-negative|positive)/i,
    failure: { code: 'engine_rejected', sent: false, blamesReplica: false },
    message: 'the engine refuses the request',
    quotes: true,
  },
  {
    status: status.INVALID_ARGUMENT,
    failure: { code: 'engine_rejected', sent: false, blamesReplica: false },
    message: 'Triton refuses the request',
    quotes: true,
  },
  {
    status: status.UNIMPLEMENTED,
    failure: { code: 'engine_rejected', sent: false, blamesReplica: true },
    message: 'the server does not speak this part of KServe v2',
  },
  {
    status: status.NOT_FOUND,
    failure: { code: 'model_not_found', sent: false, blamesReplica: true },
    message: 'Triton does not serve the configured model',
  },
  {
    status: status.DEADLINE_EXCEEDED,
    failure: { code: 'deadline_exceeded', sent: true, blamesReplica: false },
    message: 'the deadline passed before the engine had answered',
  },
  {
    status: status.UNAVAILABLE,
    failure: { code: 'engine_unavailable', sent: true, blamesReplica: true },
    message: 'the engine is not available',
  },
];

/** An error of unknown meaning blames nobody: the item may be what breaks the engine. */
const ENGINE_ERROR: Omit<EngineFailure, 'message'> = {
  code: 'engine_error',
  sent: true,
  blamesReplica: false,
};

/** The failure behind a gRPC status and its text; null is an error inside a stream, which has no status. */
export function statusFailure(code: number | null, text: string): EngineFailure {
  const row = ROWS.find(
    (each) =>
      (each.status === undefined || each.status === code) &&
      (each.matches === undefined || each.matches.test(text)),
  );
  if (row === undefined) return { ...ENGINE_ERROR, message: inOwnWords('the engine failed', text) };
  return { ...row.failure, message: row.quotes === true ? inOwnWords(row.message, text) : row.message };
}

function inOwnWords(what: string, text: string): string {
  return text.trim() === '' ? what : `${what}: ${quote(text)}`;
}

/** A request that this adapter cannot put into words for the engine; nothing was sent. */
export function rejectedFailure(message: string): EngineFailure {
  return { code: 'engine_rejected', message, sent: false, blamesReplica: false };
}

/** A model that cannot do what its configuration says; found at warm-up. */
export function unfitFailure(message: string): EngineFailure {
  return { code: 'engine_rejected', message, sent: false, blamesReplica: true };
}
