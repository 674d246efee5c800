import type { JobService } from '../../contracts/jobs.ts';
import { hasEnded } from '../../domain/job.ts';
import { renderJob } from '../../wire/job.ts';
import type { GatewayDeps } from '../deps.ts';
import { EventStream } from '../event-stream.ts';
import type { Exchange } from '../exchange.ts';
import { toGatewayError } from '../failure.ts';
import type { TeamHandler } from '../handler.ts';
import { STREAM_MS } from './results.ts';

/**
 * `GET /v1/feedback/jobs/{id}/events`: the job whenever it went on, as `progress` events, and at its end one
 * that is named after its state. Ids are what is known at that point, so a client that comes again with
 * `Last-Event-ID` is told only what is new.
 */
export function createEventsHandler(deps: GatewayDeps, jobs: JobService): (id: string) => TeamHandler {
  return (id) => async (exchange, principal) => {
    await jobs.find(principal.team, id);
    const stream = new EventStream(exchange, deps.clock, deps.heartbeatMs);
    exchange.atClosing(() => stream.finish());
    let seen = lastEventId(exchange);
    try {
      await exchange.withCall(deps.calls, STREAM_MS, async ({ signal }) => {
        for await (const job of jobs.watch(principal.team, id, signal)) {
          const mark = `${job.state}-${job.lastSequence}`;
          if (mark === seen && !hasEnded(job.state)) continue;
          seen = mark;
          const event = hasEnded(job.state) ? job.state : 'progress';
          const data = JSON.stringify(renderJob(job, deps.clock.now()));
          if (!stream.sendEvent({ event, id: mark, data })) await stream.drained(signal);
        }
        stream.finish();
      });
    } catch (error) {
      if (!stream.isOpen) throw error;
      stream.fail(toGatewayError(error, exchange, deps.logger));
    } finally {
      stream.close();
    }
  };
}

function lastEventId({ request }: Exchange): string | null {
  const sent = request.headers['last-event-id'];
  return typeof sent === 'string' ? sent : null;
}
