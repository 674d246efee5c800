import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Clock } from '../contracts/clock.ts';
import type { GatewayError } from '../domain/errors.ts';
import { renderEnvelope } from '../wire/envelope.ts';
import { type Exchange, queuedHeader } from './exchange.ts';
import { endResponse } from './reply.ts';

/**
 * The writing end of a server-sent event stream. The head goes out with the first byte, so that a failure
 * before it can still be an ordinary HTTP error. Silences are filled with comments; an end without `[DONE]`
 * always carries an error event before it.
 */
export class EventStream {
  readonly #exchange: Exchange;
  readonly #response: ServerResponse;
  readonly #clock: Clock;
  readonly #heartbeatMs: number;
  #lastWriteAt: number;
  #stopHeartbeat: () => void;
  #ended = false;

  constructor(exchange: Exchange, clock: Clock, heartbeatMs: number) {
    this.#exchange = exchange;
    this.#response = exchange.response;
    this.#clock = clock;
    this.#heartbeatMs = heartbeatMs;
    this.#lastWriteAt = clock.monotonic();
    this.#stopHeartbeat = clock.after(heartbeatMs, () => this.#beat());
  }

  /** True once the status line is out: from then on errors can only be told in the stream. */
  get isOpen(): boolean {
    return this.#response.headersSent;
  }

  /** Sends one event. False when the client does not keep up: wait for `drained` before the next one. */
  send(data: string): boolean {
    return this.#write(
      data.includes('\n') ? `data: ${data.replaceAll('\n', '\ndata: ')}\n\n` : `data: ${data}\n\n`,
    );
  }

  /** Sends a named event with an id, by which a client that comes again says what it has seen. */
  sendEvent({ event, id, data }: { event: string; id: string; data: string }): boolean {
    return this.#write(`event: ${event}\nid: ${id}\ndata: ${data}\n\n`);
  }

  /** Resolves when the client has caught up, or when `signal` says that waiting is over. */
  async drained(signal: AbortSignal): Promise<void> {
    if (!this.#response.writableNeedDrain || this.#response.destroyed) return;
    try {
      await once(this.#response, 'drain', { signal });
    } catch {
      // The call is over, by deadline or because the client left; the engine's events tell which.
    }
  }

  end(): void {
    this.#finish('data: [DONE]\n\n');
  }

  /** Ends without a mark, for streams whose events say by themselves which is the last. */
  finish(): void {
    this.#finish('');
  }

  /** Ends with an error event and without `[DONE]`. */
  fail(error: GatewayError): void {
    const problem = { code: error.code, message: error.message, param: error.param };
    this.#finish(`data: ${JSON.stringify(renderEnvelope(problem))}\n\n`);
  }

  /** Releases the timer; must be called once, whatever happened. */
  close(): void {
    this.#ended = true;
    this.#stopHeartbeat();
  }

  #finish(text: string): void {
    if (this.#ended) return;
    this.#openHead();
    this.close();
    endResponse(this.#response, text);
  }

  #write(text: string): boolean {
    if (this.#ended || this.#response.destroyed) return true;
    this.#openHead();
    this.#lastWriteAt = this.#clock.monotonic();
    return this.#response.write(text);
  }

  #beat(): void {
    const left = this.#heartbeatMs - (this.#clock.monotonic() - this.#lastWriteAt);
    if (left <= 0 && !this.#response.writableNeedDrain) this.#write(': keep-alive\n\n');
    this.#stopHeartbeat = this.#clock.after(left > 0 ? left : this.#heartbeatMs, () => this.#beat());
  }

  #openHead(): void {
    if (this.#response.headersSent) return;
    const { requestId, engine } = this.#exchange;
    this.#response.writeHead(200, [
      'content-type',
      'text/event-stream; charset=utf-8',
      'cache-control',
      'no-store',
      'x-accel-buffering',
      'no',
      'x-content-type-options',
      'nosniff',
      'x-request-id',
      requestId,
      'x-assay-engine',
      engine ?? '',
      ...queuedHeader(this.#exchange),
    ]);
  }
}
