import type { EngineFailure, EngineResult, GenerationEvent } from '../../contracts/engine.ts';
import { ChunkReader, type StreamForm } from './chunk-reader.ts';
import { EventBuffer, type EventSource } from './event-buffer.ts';
import { EventReply, type EventSink } from './event-reply.ts';
import { exchangeJson, type JsonText } from './json-exchange.ts';
import type { OutgoingRequest, SentRequest, Transport } from './transport.ts';

type Generation = EngineResult<AsyncIterable<GenerationEvent>>;

/**
 * Starts a streamed generation. Resolves when the engine has accepted it, which engines say at once, long
 * before the first token; what goes wrong after that is an event. The socket is destroyed when the signal
 * aborts or the consumer stops early.
 */
export function streamGeneration(
  transport: Transport,
  request: OutgoingRequest,
  form: StreamForm,
  signal: AbortSignal,
): Promise<Generation> {
  return new Promise((resolve) => {
    const stream = new GenerationStream(resolve, form);
    stream.sent = transport.send(request, new EventReply(stream), signal);
  });
}

/** For the few requests that an engine refuses to stream: the whole reply is the one chunk. */
export async function wholeGeneration(
  transport: Transport,
  request: OutgoingRequest,
  form: StreamForm,
  signal: AbortSignal,
): Promise<Generation> {
  const reply = await exchangeJson(transport, request, signal);
  return reply.ok ? { ok: true, value: eventsOf(reply.value, form) } : { ok: false, failure: reply.failure };
}

/** A whole reply has no marker, but its choices must be whole as well. */
async function* eventsOf({ text }: JsonText, form: StreamForm): AsyncGenerator<GenerationEvent> {
  const reader = new ChunkReader({ ...form, needsMarker: false });
  const event = reader.read(text);
  const end = reader.end();
  if (event?.type === 'chunk' && end.type === 'end') yield event;
  yield event?.type === 'failure' ? event : end;
}

class GenerationStream implements EventSink, EventSource {
  sent: SentRequest | null = null;
  readonly #resolve: (generation: Generation) => void;
  readonly #reader: ChunkReader;
  readonly #buffer = new EventBuffer(this);
  #accepted = false;

  constructor(resolve: (generation: Generation) => void, form: StreamForm) {
    this.#resolve = resolve;
    this.#reader = new ChunkReader(form);
  }

  onAccepted(): void {
    this.#accepted = true;
    this.#resolve({ ok: true, value: this.#buffer });
  }

  onEvent(data: string): void {
    const event = this.#reader.read(data);
    if (event === null) return;
    this.#buffer.push(event);
    if (event.type === 'failure') this.abandon();
  }

  onEnd(): void {
    this.#buffer.push(this.#reader.end());
  }

  onFailure(failure: EngineFailure): void {
    if (this.#accepted) this.#buffer.push(this.#reader.cut(failure));
    else this.#resolve({ ok: false, failure });
  }

  pause(): void {
    this.sent?.pause();
  }

  resume(): void {
    this.sent?.resume();
  }

  abandon(): void {
    this.sent?.abandon();
  }
}
