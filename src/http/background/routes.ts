import type { BackgroundService } from '../../contracts/background.ts';
import type { Principal } from '../../contracts/authenticator.ts';
import { GatewayError } from '../../domain/errors.ts';
import {
  backgroundBodyOf,
  backgroundEvents,
  parseBackgroundQuery,
  renderBackground,
} from '../../wire/responses/background.ts';
import type { ResponsesBody } from '../../wire/responses/request.ts';
import type { GatewayDeps } from '../deps.ts';
import { EventStream } from '../event-stream.ts';
import type { Exchange } from '../exchange.ts';
import { toGatewayError } from '../failure.ts';
import type { TeamHandler } from '../handler.ts';
import { queryOf } from '../jobs/query.ts';
import { STREAM_MS } from '../jobs/results.ts';
import { sendJson, sendProblems } from '../reply.ts';
import type { TeamRoute } from '../team-route.ts';

/** Fetch, cancel and delete responses in the background; where nothing is kept, each route says so. */
export function backgroundRoutes(deps: GatewayDeps): readonly TeamRoute[] {
  const path = '/v1/responses/:id';
  return [
    { method: 'GET', path, handle: (id) => createFetchHandler(deps, id) },
    {
      method: 'DELETE',
      path,
      handle: (id) => async (exchange, principal) => {
        await kept(deps).remove(principal.team, id);
        sendJson(exchange, 200, { id, object: 'response', deleted: true });
      },
    },
    {
      method: 'POST',
      path: `${path}/cancel`,
      handle: (id) => async (exchange, principal) => {
        exchange.request.resume();
        sendJson(exchange, 200, renderBackground(await kept(deps).cancel(principal.team, id)));
      },
    },
  ];
}

/** Takes the call in: it is answered for once this was told. */
export async function startInBackground(
  exchange: Exchange,
  { team, policies }: Principal,
  body: ResponsesBody,
  deps: GatewayDeps,
): Promise<void> {
  const allowed = policies === null ? null : [...policies];
  const response = await kept(deps).create({ team, allowed, body: backgroundBodyOf(body) });
  if (body.stream === true) await sendEvents(exchange, deps, { team, id: response.id, after: -1 });
  else sendJson(exchange, 200, renderBackground(response));
}

function createFetchHandler(deps: GatewayDeps, id: string): TeamHandler {
  return async (exchange, { team }) => {
    const query = parseBackgroundQuery(queryOf(exchange));
    if (!query.ok) return sendProblems(exchange, query.problems);
    const response = await kept(deps).find(team, id);
    const { stream, after } = query.value;
    if (stream) return sendEvents(exchange, deps, { team, id, after });
    return sendJson(exchange, 200, renderBackground(response));
  };
}

interface Followed {
  readonly team: string;
  readonly id: string;
  /** Number of the last event that the client saw. */
  readonly after: number;
}

async function sendEvents(exchange: Exchange, deps: GatewayDeps, followed: Followed): Promise<void> {
  const { team, id } = followed;
  const stream = new EventStream(exchange, deps.clock, deps.heartbeatMs);
  exchange.atClosing(() => stream.finish());
  let { after } = followed;
  try {
    await exchange.withCall(deps.calls, STREAM_MS, async ({ signal }) => {
      for await (const response of kept(deps).watch(team, id, signal)) {
        const events = backgroundEvents(response);
        for (const event of events.slice(after + 1)) {
          const number = String(event['sequence_number']);
          const isFast = stream.sendEvent({ event: event.type, id: number, data: JSON.stringify(event) });
          if (!isFast) await stream.drained(signal);
        }
        after = Math.max(after, events.length - 1);
      }
      stream.finish();
    });
  } catch (error) {
    if (!stream.isOpen) throw error;
    stream.fail(toGatewayError(error, exchange, deps.logger));
  } finally {
    stream.close();
  }
}

function kept({ background }: GatewayDeps): BackgroundService {
  if (background !== null) return background;
  const message = 'responses in the background need a database, and this gateway has none';
  throw new GatewayError('storage_missing', message);
}
