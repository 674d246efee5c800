import { z } from 'zod';
import { type ErrorCode, ERRORS } from '../../domain/errors.ts';
import { isVerdict, type RowFailure, type VerdictReply } from './row.ts';

/** What one try brought: an HTTP reply, or no reply at all. */
export type Reply =
  | { readonly type: 'http'; readonly status: number; readonly retryAfterMs: number; readonly text: string }
  | { readonly type: 'broken'; readonly reason: string };

/** What a reply means for its item and for the run. */
export type ReplyResult =
  | { readonly type: 'verdict'; readonly verdict: VerdictReply }
  /** The same request may succeed later; `throttled` when the gateway is well but wants a slower pace. */
  | { readonly type: 'retry'; readonly throttled: boolean; readonly failure: RowFailure }
  /** This item cannot be judged; others can. */
  | { readonly type: 'failed'; readonly failure: RowFailure }
  /** No item of this run can be judged. */
  | { readonly type: 'stop'; readonly message: string };

const successSchema = z.looseObject({ data: z.tuple([z.unknown()]) });
const envelopeSchema = z.looseObject({
  error: z.looseObject({ message: z.string(), code: z.string().nullish(), param: z.string().nullish() }),
});
type Envelope = z.output<typeof envelopeSchema>['error'];

export function readReply(reply: Reply): ReplyResult {
  if (reply.type === 'broken') {
    return {
      type: 'retry',
      throttled: false,
      failure: { code: 'engine_unavailable', message: reply.reason, param: null },
    };
  }
  const body = parseJson(reply.text);
  if (reply.status === 200) {
    const verdict = successSchema.safeParse(body).data?.data[0];
    if (isVerdict(verdict)) return { type: 'verdict', verdict };
    return {
      type: 'stop',
      message: 'answers, but not with verdicts; is this the address of an Assay gateway?',
    };
  }
  return readError(reply.status, envelopeSchema.safeParse(body).data?.error ?? null);
}

function readError(status: number, error: Envelope | null): ReplyResult {
  const failure = failureOf(status, error);
  const { code, message } = failure;
  if (isAboutTheRun(status, error)) {
    return { type: 'stop', message: `${message} (HTTP ${status}). ${ERRORS[code].advice}` };
  }
  if (status === 429) return { type: 'retry', throttled: true, failure };
  if (isWorthARetry(status, error)) return { type: 'retry', throttled: false, failure };
  if (error !== null) return { type: 'failed', failure };
  return { type: 'stop', message: `answers ${message}; is this the address of an Assay gateway?` };
}

/** Wrong key, wrong address, no such policy: the next row would fare the same. */
function isAboutTheRun(status: number, error: Envelope | null): boolean {
  return status === 401 || status === 403 || status === 404 || error?.param === 'policy';
}

function isWorthARetry(status: number, error: Envelope | null): boolean {
  if (status === 408) return true;
  return status >= 500 && (error === null || ERRORS[failureOf(status, error).code].retryable);
}

function failureOf(status: number, error: Envelope | null): RowFailure {
  const known = error?.code;
  // A body that is too large is, here, an item that is too large.
  const code = isErrorCode(known) && status !== 413 ? known : codeOf(status);
  return { code, message: error?.message ?? `HTTP ${status}`, param: error?.param ?? null };
}

/** For replies of something in front of the gateway, which knows nothing of our codes. */
function codeOf(status: number): ErrorCode {
  if (status === 401) return 'unauthenticated';
  if (status === 403) return 'forbidden';
  if (status === 404) return 'not_found';
  if (status === 408) return 'request_timeout';
  if (status === 429) return 'overloaded';
  return status >= 500 ? 'engine_unavailable' : 'invalid_request';
}

function isErrorCode(code: string | null | undefined): code is ErrorCode {
  return code !== null && code !== undefined && Object.hasOwn(ERRORS, code);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
