import type { Call } from '../contracts/call.ts';
import type { Engine, EngineFailure, EngineResult, GenerationEvent } from '../contracts/engine.ts';
import { createAggregator } from '../wire/aggregate.ts';
import { isUsageChunk, parseOpenAi, wantsStream, wantsUsage, type OpenAiBody } from '../wire/openai.ts';
import { promptOf } from '../wire/prompt.ts';
import type { Catalogue, Offer } from './catalogue.ts';
import type { GatewayDeps } from './deps.ts';
import { EventStream } from './event-stream.ts';
import type { Exchange } from './exchange.ts';
import { drainingError, fromEngineFailure } from './failure.ts';
import { askInOrder } from './fallback.ts';
import type { TeamHandler } from './handler.ts';
import { readJson } from './json-body.ts';
import { sendError, sendJsonText, sendProblems } from './reply.ts';
import { overheadHeader } from './verdict-headers.ts';
import { withItem } from './one-item.ts';

/** `POST /v1/chat/completions` and `/v1/completions`: the engine's own words, streamed or gathered. */
export function createGenerationHandler(
  kind: 'chat' | 'completion',
  deps: GatewayDeps,
  catalogue: Catalogue,
): TeamHandler {
  return async (exchange, principal) => {
    const body = await readBody(kind, exchange, deps);
    if (body === null) return;
    const offer = catalogue.model(body.model, principal);
    await withItem(exchange, deps, offer, async (call) => {
      const opened = await askInOrder(exchange, enginesFor(offer, body), (engine) =>
        engine.generate({ kind, body: withModel(body, engine.model) }, call),
      );
      if (opened.ok) exchange.queuedMs = opened.value.report().queuedMs;
      if (!opened.ok) sendFailure(exchange, opened.failure);
      else if (wantsStream(body)) {
        const stream = new EventStream(exchange, deps.clock, deps.heartbeatMs);
        await sendStream(exchange, stream, {
          events: opened.value.events,
          withUsage: wantsUsage(body),
          call,
        });
      } else await sendWhole(exchange, kind, opened.value.events);
    });
  };
}

/** The checked body; null when it had problems, which are answered then. */
async function readBody(
  kind: 'chat' | 'completion',
  exchange: Exchange,
  { limits }: GatewayDeps,
): Promise<OpenAiBody | null> {
  const checked = parseOpenAi(kind, await readJson(exchange, limits.bodyBytes));
  if (checked.ok) return checked.value;
  sendProblems(exchange, checked.problems);
  return null;
}

/** The offer's engines in the order for this request; one that the router does not name is not asked. */
export function enginesFor({ engines, router }: Offer, body: OpenAiBody): readonly Engine[] {
  if (router === null) return engines;
  const byId = new Map(engines.map((engine) => [engine.id, engine]));
  return router.route(promptOf(body)).engines.flatMap((id) => byId.get(id) ?? []);
}

function withModel(body: OpenAiBody, model: string): OpenAiBody {
  return body.model === model ? body : { ...body, model };
}

function engineHeader({ engine }: Exchange): [string, string][] {
  return engine === null ? [] : [['x-assay-engine', engine]];
}

export function answerHeaders(exchange: Exchange) {
  return [...engineHeader(exchange), overheadHeader(exchange)];
}

export function sendFailure(exchange: Exchange, failure: EngineFailure): void {
  sendError(exchange, fromEngineFailure(exchange, failure), engineHeader(exchange));
}

interface Streaming {
  readonly events: AsyncIterable<GenerationEvent>;
  readonly withUsage: boolean;
  readonly call: Call;
}

async function sendStream(exchange: Exchange, stream: EventStream, streaming: Streaming): Promise<void> {
  exchange.cutStream = () => {
    if (stream.isOpen) stream.fail(drainingError());
  };
  const { events, withUsage, call } = streaming;
  try {
    for await (const event of events) {
      if (event.type === 'chunk') {
        if (!withUsage && isUsageChunk(event.value)) continue;
        if (!stream.send(event.data)) await stream.drained(call.signal);
      } else if (event.type === 'end') {
        stream.end();
        return;
      } else {
        endWithFailure(exchange, stream, event.failure);
        return;
      }
    }
    endWithFailure(exchange, stream, BROKEN_OFF);
  } catch (error) {
    // Once the status is out, what went wrong can only be told in the stream; the cause is logged above us.
    if (stream.isOpen) endWithFailure(exchange, stream, DEFECT);
    throw error;
  } finally {
    exchange.cutStream = null;
    stream.close();
  }
}

export const BROKEN_OFF: EngineFailure = {
  code: 'engine_error',
  message: 'the engine broke off its answer',
  sent: true,
  blamesReplica: true,
};

export const DEFECT: EngineFailure = {
  code: 'internal',
  message: 'something failed inside Assay in the middle of the answer',
  sent: true,
  blamesReplica: false,
};

export function endWithFailure(exchange: Exchange, stream: EventStream, failure: EngineFailure): void {
  if (!stream.isOpen) {
    sendFailure(exchange, failure);
    return;
  }
  exchange.errorCode ??= failure.code;
  stream.fail(fromEngineFailure(exchange, failure));
}

async function sendWhole(
  exchange: Exchange,
  kind: 'chat' | 'completion',
  events: AsyncIterable<GenerationEvent>,
): Promise<void> {
  const gathered = await gather(kind, events);
  if (!gathered.ok) sendFailure(exchange, gathered.failure);
  else sendJsonText(exchange, 200, gathered.value, answerHeaders(exchange));
}

/** The whole reply as JSON text. */
async function gather(
  kind: 'chat' | 'completion',
  events: AsyncIterable<GenerationEvent>,
): Promise<EngineResult<string>> {
  const aggregator = createAggregator(kind);
  for await (const event of events) {
    if (event.type === 'failure') return { ok: false, failure: event.failure };
    if (event.type === 'end') return { ok: true, value: aggregator.reply(event.usage) };
    aggregator.add(event);
  }
  return { ok: false, failure: BROKEN_OFF };
}
