import { StringDecoder } from 'node:string_decoder';
import { createParser, type EventSourceParser } from 'eventsource-parser';
import type { EngineFailure } from '../../contracts/engine.ts';
import { garbageFailure, statusFailure } from './failures.ts';
import { TextReply } from './text-reply.ts';
import type { ReplyReader } from './transport.ts';

/** Takes a stream of server-sent events: acceptance, event texts, then exactly one end or failure. */
export interface EventSink {
  /** The engine answered 200 with a stream. */
  onAccepted(): void;
  onEvent(data: string): void;
  /** The HTTP reply is over; whether the stream was complete is for the sink to know. */
  onEnd(): void;
  onFailure(failure: EngineFailure): void;
}

/** Reads a reply that should be an event stream; any other reply becomes the failure that it tells of. */
export class EventReply implements ReplyReader {
  readonly #sink: EventSink;
  readonly #decoder = new StringDecoder('utf8');
  readonly #parser: EventSourceParser;
  #status = 0;
  #retryAfterMs: number | undefined;
  /** The reply when it is no stream. */
  #text: TextReply | null = null;

  constructor(sink: EventSink) {
    this.#sink = sink;
    this.#parser = createParser({ onEvent: (event) => sink.onEvent(event.data) });
  }

  onHead(status: number, contentType: string, retryAfterMs?: number): void {
    this.#status = status;
    this.#retryAfterMs = retryAfterMs;
    if (status === 200 && contentType.startsWith('text/event-stream')) this.#sink.onAccepted();
    else this.#text = new TextReply();
  }

  onData(chunk: Buffer): void {
    if (this.#text === null) this.#parser.feed(this.#decoder.write(chunk));
    else this.#text.add(chunk);
  }

  onEnd(): void {
    if (this.#text !== null) {
      this.#sink.onFailure(
        this.#status === 200
          ? garbageFailure('the engine did not answer with an event stream')
          : statusFailure(this.#status, this.#text.toString(), this.#retryAfterMs),
      );
      return;
    }
    // Not every server writes the blank line after its last event.
    this.#parser.feed(`${this.#decoder.end()}\n\n`);
    this.#sink.onEnd();
  }

  onFailure(failure: EngineFailure): void {
    this.#sink.onFailure(failure);
  }
}
