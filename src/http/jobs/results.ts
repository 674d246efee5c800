import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { JobService } from '../../contracts/jobs.ts';
import { renderResult } from '../../wire/job.ts';
import { parseResultQuery } from '../../wire/job-request.ts';
import type { GatewayDeps } from '../deps.ts';
import type { TeamHandler } from '../handler.ts';
import { endResponse, sendProblems } from '../reply.ts';
import { queryOf } from './query.ts';

/** Longest time that one answer may take; a client that follows for longer comes again with `after`. */
export const STREAM_MS = 86_400_000;

/**
 * `GET /v1/feedback/jobs/{id}/results`: verdicts as JSONL, no faster than they are read. What breaks in the
 * middle breaks the connection: an answer with an end has no gap.
 */
export function createResultsHandler({ calls }: GatewayDeps, jobs: JobService): (id: string) => TeamHandler {
  return (id) => async (exchange, principal) => {
    const parsed = parseResultQuery(queryOf(exchange));
    if (!parsed.ok) {
      sendProblems(exchange, parsed.problems);
      return;
    }
    // Before the head goes out: what is not there is answered as an error.
    const { state } = await jobs.find(principal.team, id);
    const { response } = exchange;
    await exchange.withCall(calls, STREAM_MS, async ({ signal }) => {
      exchange.atClosing(() => response.destroy());
      response.writeHead(200, {
        'content-type': 'application/jsonl; charset=utf-8',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'x-request-id': exchange.requestId,
        'x-assay-job-state': state,
      });
      response.flushHeaders();
      try {
        for await (const page of jobs.results(principal.team, id, parsed.value, signal)) {
          const text = page.map((result) => `${JSON.stringify(renderResult(result))}\n`).join('');
          if (!response.write(text)) await drained(response, signal);
        }
      } catch (error) {
        response.destroy();
        throw error;
      }
      if (signal.aborted) response.destroy();
      else endResponse(response, '');
    });
  };
}

async function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  if (response.destroyed) return;
  try {
    await once(response, 'drain', { signal });
  } catch {
    // The client left, or its time is over: the signal says so to whoever reads on.
  }
}
