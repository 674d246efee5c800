import type { Call } from '../contracts/call.ts';
import type { GenerationEvent } from '../contracts/engine.ts';
import { createResponseBuilder, type ResponseBuilder } from '../wire/responses/builder.ts';
import type { ResponseEvent } from '../wire/responses/output.ts';
import { readResponsesRequest } from '../wire/responses/request.ts';
import { startInBackground } from './background/routes.ts';
import type { Catalogue } from './catalogue.ts';
import type { GatewayDeps } from './deps.ts';
import { EventStream } from './event-stream.ts';
import type { Exchange } from './exchange.ts';
import { drainingError } from './failure.ts';
import { askInOrder } from './fallback.ts';
import { answerHeaders, BROKEN_OFF, DEFECT, endWithFailure, enginesFor, sendFailure } from './generation.ts';
import type { TeamHandler } from './handler.ts';
import { readJson } from './json-body.ts';
import { sendJson, sendProblems } from './reply.ts';
import { withItem } from './one-item.ts';

/** `POST /v1/responses`: a chat completion of an engine in the clothes of the newer interface. */
export function createResponsesHandler(deps: GatewayDeps, catalogue: Catalogue): TeamHandler {
  return async (exchange, principal) => {
    const read = readResponsesRequest(await readJson(exchange, deps.limits.bodyBytes));
    if (!read.ok) return sendProblems(exchange, read.problems);
    const { body, chat } = read.value;
    const offer = catalogue.model(body.model, principal);
    if (body.background === true) return startInBackground(exchange, principal, body, deps);
    const id = deps.random.id('resp_');
    const builder = createResponseBuilder({ id, created: Math.floor(deps.clock.now() / 1_000), body });
    return withItem(exchange, deps, offer, async (call) => {
      const opened = await askInOrder(exchange, enginesFor(offer, chat), (engine) =>
        engine.generate({ kind: 'chat', body: { ...chat, model: engine.model } }, call),
      );
      if (!opened.ok) return sendFailure(exchange, opened.failure);
      exchange.queuedMs = opened.value.report().queuedMs;
      const { events } = opened.value;
      if (body.stream !== true) return sendWhole(exchange, builder, events);
      const stream = new EventStream(exchange, deps.clock, deps.heartbeatMs);
      return sendStream(exchange, stream, { builder, events, call });
    });
  };
}

async function sendWhole(
  exchange: Exchange,
  builder: ResponseBuilder,
  events: AsyncIterable<GenerationEvent>,
): Promise<void> {
  for await (const event of events) {
    if (event.type === 'failure') return sendFailure(exchange, event.failure);
    if (event.type === 'end') {
      builder.end(event.usage);
      return sendJson(exchange, 200, builder.response(), answerHeaders(exchange));
    }
    builder.add(event.value);
  }
  return sendFailure(exchange, BROKEN_OFF);
}

interface Streaming {
  readonly builder: ResponseBuilder;
  readonly events: AsyncIterable<GenerationEvent>;
  readonly call: Call;
}

async function sendStream(
  exchange: Exchange,
  stream: EventStream,
  { builder, events, call }: Streaming,
): Promise<void> {
  exchange.cutStream = () => {
    if (stream.isOpen) stream.fail(drainingError());
  };
  const send = async (told: readonly ResponseEvent[]): Promise<void> => {
    for (const event of told) {
      const id = String(event['sequence_number']);
      if (!stream.sendEvent({ event: event.type, id, data: JSON.stringify(event) })) {
        await stream.drained(call.signal);
      }
    }
  };
  try {
    let hasBegun = false;
    for await (const event of events) {
      if (event.type === 'failure') return endWithFailure(exchange, stream, event.failure);
      // What fails before the first chunk is an ordinary error answer.
      if (!hasBegun) await send(builder.begin());
      hasBegun = true;
      if (event.type === 'end') {
        await send(builder.end(event.usage));
        return stream.finish();
      }
      await send(builder.add(event.value));
    }
    return endWithFailure(exchange, stream, BROKEN_OFF);
  } catch (error) {
    if (stream.isOpen) endWithFailure(exchange, stream, DEFECT);
    throw error;
  } finally {
    exchange.cutStream = null;
    stream.close();
  }
}
