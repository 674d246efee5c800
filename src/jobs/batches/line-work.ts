import type { LineEnd, LineInput, LineRelay, LineReply } from '../../contracts/batches.ts';
import type { ClaimedShard, PendingItem } from '../../contracts/job-store.ts';
import type { Problem } from '../../domain/errors.ts';
import { outcomeOf } from '../../domain/outcome.ts';
import { type TrialTools, tryItem } from '../item-trial.ts';
import type { ItemWork } from '../item-work.ts';
import { NO_USAGE, usageOf } from './line-usage.ts';

export interface LineTools extends TrialTools {
  /** As the configuration is now. */
  readonly relay: () => LineRelay;
}

/**
 * Lines of a batch, or the one of a response in the background, each a call of this gateway: an end is a line of
 * the output or the error file.
 */
export function createLineWork(claimed: ClaimedShard, tools: LineTools): ItemWork {
  const { lease, team, policy: path } = claimed;
  return {
    async judge({ n, input }, control) {
      const { customId, body, allowed = claimed.allowed } = asLine(input);
      const requestId = `${lease.jobId}_${n}`;
      const trial = {
        async ask() {
          const stop = new AbortController();
          const call = { requestId, team, allowed, path, body };
          return control.underWay.run(
            () => stop.abort(),
            () => tools.relay().ask(call, stop.signal),
          );
        },
        codeOf: ({ code }: LineReply) => code,
        join: (_before: LineReply, later: LineReply) => later,
      };
      const reply = await tryItem(trial, control, tools);
      return reply === null ? null : answered(n, customId, { reply, requestId });
    },
    async end(items, problem) {
      return items.map(({ n, input }) => unanswered(n, asLine(input).customId, { problem, lease }));
    },
  };
}

function asLine(input: PendingItem['input']): LineInput {
  if ('ok' in input) throw new Error('a batch has an item of feedback');
  return input;
}

/**
 * A failed call has both its reply and an `error`, whose code is the reply's status: a client that only looks
 * whether there is an error does not take the body for an answer.
 */
function answered(
  n: number,
  customId: string,
  { reply, requestId }: { readonly reply: LineReply; readonly requestId: string },
): LineEnd {
  const { status, body, code } = reply;
  const response = { status_code: status, request_id: requestId, body };
  const error = code === null ? null : { code: status, message: messageOf(body) };
  const text = JSON.stringify({ id: `batch_req_${requestId}`, custom_id: customId, response, error });
  const outcome = code === null ? 'ok' : outcomeOf(code);
  return { n, line: { outcome, text, usage: code === null ? usageOf(body) : NO_USAGE } };
}

function messageOf(body: unknown): string {
  const error = typeof body === 'object' && body !== null && 'error' in body ? body.error : null;
  const message = typeof error === 'object' && error !== null && 'message' in error ? error.message : null;
  return typeof message === 'string' ? message : 'the call failed';
}

/** Codes that clients know from OpenAI's files, for lines that were not asked. */
const NOT_ASKED: Readonly<Partial<Record<Problem['code'], string>>> = {
  cancelled: 'batch_cancelled',
  deadline_exceeded: 'batch_expired',
};

function unanswered(
  n: number,
  customId: string,
  { problem, lease }: { readonly problem: Problem; readonly lease: ClaimedShard['lease'] },
): LineEnd {
  const error = { code: NOT_ASKED[problem.code] ?? problem.code, message: problem.message };
  const id = `batch_req_${lease.jobId}_${n}`;
  const text = JSON.stringify({ id, custom_id: customId, response: null, error });
  return { n, line: { outcome: outcomeOf(problem.code), text, usage: NO_USAGE } };
}
