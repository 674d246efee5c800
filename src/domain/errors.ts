/**
 * The one table of error codes. Every failure that Assay tells anybody about carries one of these.
 *
 * `status` is the HTTP status when the whole request fails with it, `type` the OpenAI error type,
 * `retryable` whether the same request may succeed later, `advice` what the reader should do.
 * `docs/errors.md` is checked against this table, both ways, by a test.
 */
export const ERRORS = {
  invalid_request: {
    status: 400,
    type: 'invalid_request_error',
    retryable: false,
    advice: 'Mend the request: the message names each field, what was found and what is allowed.',
  },
  unauthenticated: {
    status: 401,
    type: 'authentication_error',
    retryable: false,
    advice: 'Send a live API key as "Authorization: Bearer assay_…".',
  },
  forbidden: {
    status: 403,
    type: 'permission_error',
    retryable: false,
    advice: 'Ask for a key whose team may use this policy, or class of priority.',
  },
  not_found: {
    status: 404,
    type: 'invalid_request_error',
    retryable: false,
    advice: 'Check the path and the id; /openapi.json lists every route.',
  },
  model_not_found: {
    status: 404,
    type: 'invalid_request_error',
    retryable: false,
    advice: 'Use a name that GET /v1/models lists.',
  },
  method_not_allowed: {
    status: 405,
    type: 'invalid_request_error',
    retryable: false,
    advice: 'Use the method that the Allow header names.',
  },
  conflict: {
    status: 409,
    type: 'invalid_request_error',
    retryable: false,
    advice: 'Look at the state of what you act on; the message tells it.',
  },
  idempotency_mismatch: {
    status: 422,
    type: 'invalid_request_error',
    retryable: false,
    advice: 'Use another Idempotency-Key for another body.',
  },
  request_timeout: {
    status: 408,
    type: 'invalid_request_error',
    retryable: true,
    advice: 'Send the whole body without long pauses.',
  },
  request_too_large: {
    status: 413,
    type: 'invalid_request_error',
    retryable: false,
    advice: 'Send fewer items per request; the limit is server.bodyLimitBytes.',
  },
  unsupported_media_type: {
    status: 415,
    type: 'invalid_request_error',
    retryable: false,
    advice: 'Send JSON in UTF-8 as application/json, without a content encoding.',
  },
  context_overflow: {
    status: 400,
    type: 'invalid_request_error',
    retryable: false,
    advice: "Shorten the item: it does not fit into the engine's context.",
  },
  engine_rejected: {
    status: 400,
    type: 'invalid_request_error',
    retryable: false,
    advice: 'The engine refuses this request; see the message, or run assay doctor.',
  },
  quarantined: {
    status: 422,
    type: 'invalid_request_error',
    retryable: false,
    advice: 'Look at the item: engines crashed while they had it. It is asked again after an hour.',
  },
  over_budget: {
    status: 429,
    type: 'rate_limit_error',
    retryable: true,
    advice:
      'Wait until the budget has money again (GET /v1/feedback/budget says when), or raise the limits of the team or policy, or policies.*.budget.',
  },
  rate_limited: {
    status: 429,
    type: 'rate_limit_error',
    retryable: true,
    advice:
      'Wait as Retry-After says and send it again; the limits per minute and of items at once are those of the team or policy.',
  },
  not_sampled: {
    status: 422,
    type: 'invalid_request_error',
    retryable: false,
    advice:
      'Sampling left it out, or the budget did not reach and the policy drops what it wants least; the inclusion probability is told.',
  },
  self_judging: {
    status: 422,
    type: 'invalid_request_error',
    retryable: false,
    advice:
      'The model family of every judge that could decide wrote one of the candidates: give the policy a judge of another family, or set its selfJudging to flag.',
  },
  not_judged: {
    status: 422,
    type: 'invalid_request_error',
    retryable: false,
    advice: "The judges were not sure enough: see the item's verdict, or lower the policy's abstainBelow.",
  },
  overloaded: {
    status: 503,
    type: 'overloaded_error',
    retryable: true,
    advice: 'Wait as Retry-After says and send it again.',
  },
  draining: {
    status: 503,
    type: 'overloaded_error',
    retryable: true,
    advice: 'This gateway is shutting down; send it again, another one will answer.',
  },
  storage_unavailable: {
    status: 503,
    type: 'server_error',
    retryable: true,
    advice: "Wait as Retry-After says and send it again; operators: see /readyz and the database's log.",
  },
  storage_outdated: {
    status: 503,
    type: 'server_error',
    retryable: false,
    advice: 'Operators: run assay migrate with this version, or set storage.migrate to true.',
  },
  storage_missing: {
    status: 501,
    type: 'invalid_request_error',
    retryable: false,
    advice: 'This gateway keeps nothing; operators: set storage in the configuration.',
  },
  engine_unavailable: {
    status: 503,
    type: 'engine_error',
    retryable: true,
    advice: 'No replica of the engine is ready; see /readyz or run assay doctor.',
  },
  engine_error: {
    status: 502,
    type: 'engine_error',
    retryable: true,
    advice: 'The engine failed in the middle of the call; send it again.',
  },
  engine_corrupt: {
    status: 502,
    type: 'engine_error',
    retryable: true,
    advice:
      'The engine answered with numbers that are none (NaN); its replica is taken out until it recovers.',
  },
  engine_reply_too_large: {
    status: 502,
    type: 'engine_error',
    retryable: false,
    advice: "Bound the answer with max_tokens, or raise the engine's replyLimitBytes or messageLimitBytes.",
  },
  deadline_exceeded: {
    status: 504,
    type: 'timeout_error',
    retryable: true,
    advice: 'The deadline of the policy or request passed first; raise it, or ask for less.',
  },
  cancelled: {
    status: 499,
    type: 'cancelled_error',
    retryable: true,
    advice: 'The caller went away before the answer was there.',
  },
  unparseable: {
    status: 502,
    type: 'engine_error',
    retryable: false,
    advice: 'The judge did not put enough probability on the labels; see label_mass in the trail.',
  },
  truncated: {
    status: 502,
    type: 'engine_error',
    retryable: false,
    advice: "Raise the judge's maxTokens: the answer was cut, and a part of one is never given.",
  },
  refused: {
    status: 502,
    type: 'engine_error',
    retryable: false,
    advice: 'The judge refused to answer; use another judge for such items.',
  },
  internal: {
    status: 500,
    type: 'server_error',
    retryable: true,
    advice: 'A defect in Assay: report it with the request id.',
  },
} as const satisfies Record<string, ErrorRow>;

interface ErrorRow {
  readonly status: number;
  readonly type: string;
  readonly retryable: boolean;
  readonly advice: string;
}

export type ErrorCode = keyof typeof ERRORS;

/** The engine had the request and failed at it: that may be the doing of this one item, or the engine's own. */
export function isServerError(code: ErrorCode): boolean {
  return code === 'engine_error' || code === 'engine_reply_too_large';
}

/** What is wrong and where; `param` is a path such as `items[3].prompt`, or null when it is the whole. */
export interface Problem {
  readonly code: ErrorCode;
  readonly message: string;
  readonly param: string | null;
}

/** What an aborted call says: `reason` is that of its signal, see contracts/call.ts. */
export function abortProblem(reason: unknown): Problem {
  if (reason instanceof GatewayError) return { code: reason.code, message: reason.message, param: null };
  return { code: 'cancelled', message: 'the call was cancelled', param: null };
}

/** The only error that Assay throws on purpose. Anything else that is thrown becomes `internal`. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly code: ErrorCode;
  readonly param: string | null;
  /** Seconds after which a retry makes sense, in [0, 60]; undefined when nothing is known. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { param?: string | null; cause?: unknown; retryAfterSeconds?: number } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.param = options.param ?? null;
    this.retryAfterSeconds =
      options.retryAfterSeconds === undefined
        ? undefined
        : Math.min(60, Math.max(0, options.retryAfterSeconds));
  }
}
