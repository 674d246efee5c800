import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import { CommandError, EXIT } from '../exit.ts';
import { retryAfterMs } from './backoff.ts';
import type { ValidRow } from './input.ts';
import type { RowTask } from './item.ts';
import { Outage } from './outage.ts';
import { readReply, type Reply } from './reply.ts';
import { madeUpId, type RowFailure, type VerdictReply } from './row.ts';

/** Where the gateway is and how it is asked. */
export interface ClientOptions {
  readonly url: string;
  readonly apiKey: string | null;
  readonly task: RowTask;
  /** Null for the gateway's first policy. */
  readonly policy: string | null;
  /** Connections, and so requests under way. */
  readonly concurrency: number;
  /** A gateway that does not answer for so long ends the run. */
  readonly giveUpAfterMs: number;
  /** Milliseconds to wait after try number `attempt`, at least what the server asked for. */
  readonly backoff: (attempt: number, retryAfterMs: number) => number;
  /** `no-store` is answered by judges alone, never by labels that were bought before. */
  readonly cache?: 'no-store';
  /** Told once at the start of every outage. */
  readonly onOutage: (reason: string) => void;
}

/** The verdict of one item, or why there will be none. */
export type Answer =
  | { readonly ok: true; readonly verdict: VerdictReply }
  | { readonly ok: false; readonly failure: RowFailure };

/**
 * Asks for one item at a time and tries again where that can help.
 * Throws `CommandError` when the whole run must stop: wrong key or policy, no gateway for too long.
 */
export interface FeedbackClient {
  judge(row: ValidRow, signal: AbortSignal): Promise<Answer>;
  close(): Promise<void>;
}

/** Tries after which an item is given up although others are answered. */
const MOST_TRIES = 8;
/** A limited team waits for its turn, but not for ever. */
const LONGEST_THROTTLED_MS = 600_000;
/** Above the deadline of any sensible policy: the gateway itself ends a call earlier. */
const REPLY_TIMEOUT_MS = 120_000;
const CONNECT_TIMEOUT_MS = 10_000;

export function createFeedbackClient(options: ClientOptions): FeedbackClient {
  const { origin, path } = endpointOf(options.url, options.task);
  const pool = new Pool(origin, {
    connections: options.concurrency,
    headersTimeout: REPLY_TIMEOUT_MS,
    bodyTimeout: REPLY_TIMEOUT_MS,
    connect: { timeout: CONNECT_TIMEOUT_MS },
  });
  const headers = {
    'content-type': 'application/json',
    ...(options.cache === undefined ? {} : { 'cache-control': options.cache }),
    ...(options.apiKey === null ? {} : { authorization: `Bearer ${options.apiKey}` }),
  };
  const outage = new Outage(options.giveUpAfterMs, options.onOutage);
  return {
    async judge(row, signal) {
      const body = requestBody(row, options.policy);
      const send = (): Promise<Reply> => post(pool, { path, headers, body }, signal);
      return judgeWithRetries(send, outage, options, signal);
    },
    close: () => pool.destroy(),
  };
}

function endpointOf(url: string, task: RowTask): { readonly origin: string; readonly path: string } {
  const { origin, pathname } = new URL(url);
  // People paste the base URL that they give to an OpenAI client.
  const prefix = pathname.replace(/\/+$/, '').replace(/\/v1$/, '');
  return { origin, path: `${prefix}/v1/feedback/${task}s` };
}

function requestBody({ line, item, sent }: ValidRow, policy: string | null): string {
  const { prompt, metadata, asks, inclusion } = item;
  const id = item.id ?? madeUpId(line);
  const candidates = sent === 'ab' ? item.candidates : item.candidates.toReversed();
  // Not every task knows rubrics, so one that is not named is not mentioned.
  const rubric = item.rubric ?? undefined;
  const own = { id, prompt, candidates, rubric, ...asks, metadata, inclusion_probability: inclusion };
  return JSON.stringify({ policy, items: [own] });
}

interface Post {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

async function post(pool: Pool, { path, headers, body }: Post, signal: AbortSignal): Promise<Reply> {
  try {
    const reply = await pool.request({ method: 'POST', path, headers, body, signal });
    const header = reply.headers['retry-after'];
    const wait = retryAfterMs(typeof header === 'string' ? header : undefined, Date.now());
    return { type: 'http', status: reply.statusCode, retryAfterMs: wait, text: await reply.body.text() };
  } catch (error) {
    signal.throwIfAborted();
    return { type: 'broken', reason: reasonOf(error) };
  }
}

/** `ECONNREFUSED`, or the message of an error without a code. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}

async function judgeWithRetries(
  send: () => Promise<Reply>,
  outage: Outage,
  { url, giveUpAfterMs, backoff }: ClientOptions,
  signal: AbortSignal,
): Promise<Answer> {
  const start = performance.now();
  for (let attempt = 1; ; attempt += 1) {
    const reply = await send();
    const result = readReply(reply);
    if (result.type === 'verdict') {
      outage.answered();
      return { ok: true, verdict: result.verdict };
    }
    if (result.type === 'stop') throw new CommandError(EXIT.usage, `${url}: ${result.message}`);
    if (result.type === 'failed') {
      outage.answered();
      return { ok: false, failure: result.failure };
    }
    if (result.throttled) {
      outage.answered();
      if (performance.now() - start > LONGEST_THROTTLED_MS) return { ok: false, failure: result.failure };
    } else if (outage.failed(result.failure.message)) {
      throw new CommandError(EXIT.stopped, goneMessage(url, giveUpAfterMs, result.failure.message));
    } else if (attempt >= MOST_TRIES && outage.answeredSince(start)) {
      return { ok: false, failure: result.failure };
    }
    const floor = reply.type === 'http' ? reply.retryAfterMs : 0;
    await delay(backoff(attempt, floor), undefined, { signal });
  }
}

function goneMessage(url: string, giveUpAfterMs: number, reason: string): string {
  return `the gateway at ${url} has not answered for ${Math.round(giveUpAfterMs / 1000)} s: ${reason}`;
}
