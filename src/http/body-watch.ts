import type { Clock } from '../contracts/clock.ts';
import { GatewayError } from '../domain/errors.ts';
import type { InFlight } from './in-flight.ts';
import { sendError } from './reply.ts';

const LOOK_MS = 2_500;

/**
 * Ends requests whose body takes too long, with `request_timeout`. One look at all of them now and then,
 * instead of a timer for each. The function returned stops it.
 */
export function watchBodies(inFlight: InFlight, clock: Clock): () => void {
  const look = (): void => {
    const now = clock.monotonic();
    for (const exchange of inFlight) {
      const { request, response, startedAt, bodyMs } = exchange;
      if (request.complete || now - startedAt < bodyMs) continue;
      // Node ends the connection after such an answer; to end it here would make the client lose it.
      response.shouldKeepAlive = false;
      if (response.headersSent) request.destroy();
      else sendError(exchange, new GatewayError('request_timeout', 'the request did not arrive in time'));
    }
    stop = clock.after(LOOK_MS, look);
  };
  let stop = clock.after(LOOK_MS, look);
  return () => stop();
}
