import { type ApiError, engineDied } from './api-error.ts';
import type { Exchange } from './exchange.ts';
import type { Faults } from './faults.ts';
import type { Skin } from './skin.ts';

/** A reply as server-sent events, with the faults that can break one. Events of one turn leave in one write. */
export class EventStream {
  readonly #exchange: Exchange;
  readonly #faults: Faults;
  readonly #skin: Skin;
  #events = 0;
  #unsent = '';
  #isOpen = false;
  #isCut = false;

  constructor(exchange: Exchange, faults: Faults, skin: Skin) {
    this.#exchange = exchange;
    this.#faults = faults;
    this.#skin = skin;
  }

  /** True when a fault ended the stream: what makes the events can stop. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** Sends the headers when nothing was sent yet: they go out before the first token is there. */
  open(): void {
    if (this.#openOnce()) this.#exchange.response.flushHeaders();
  }

  send(value: unknown): void {
    if (this.#breaks()) return;
    this.#events += 1;
    const data = JSON.stringify(value);
    this.#write(this.#faults.garbageReply ? data.slice(0, data.length >> 1) : data);
    this.#breaks();
  }

  /** An error in the middle, which is an event under HTTP 200, or only an early end. */
  fail(error: ApiError): void {
    if (this.#isCut) return;
    const { errorInStream } = this.#skin;
    if (errorInStream !== 'none') this.#write(JSON.stringify(this.#skin.refusal(error).body));
    if (errorInStream === 'event and end') this.end();
    else this.#finish();
  }

  end(): void {
    if (this.#isCut) return;
    this.#write('[DONE]');
    this.#finish();
  }

  /** Ends the stream when a fault says so after this many events. */
  #breaks(): boolean {
    if (this.#isCut) return true;
    const { cutStreamAfterEvents, cutStreamMode, errorEventAfterEvents } = this.#faults;
    if (errorEventAfterEvents === this.#events) {
      this.fail(engineDied());
      this.#isCut = true;
    } else if (cutStreamAfterEvents === this.#events) {
      this.#isCut = true;
      if (cutStreamMode === 'end') this.#finish();
      else this.#break();
    }
    return this.#isCut;
  }

  #write(data: string): void {
    if (this.#unsent === '') queueMicrotask(() => this.#flush());
    this.#unsent += `data: ${data}\n\n`;
  }

  #flush(): void {
    if (this.#unsent === '') return;
    this.#openOnce();
    this.#exchange.response.write(this.#unsent);
    this.#unsent = '';
  }

  #finish(): void {
    this.#openOnce();
    this.#exchange.response.end(this.#unsent);
    this.#unsent = '';
  }

  /** Breaks the connection once the events so far are on the way. */
  #break(): void {
    this.#flush();
    this.#openOnce();
    this.#exchange.response.write('\n', () => this.#exchange.request.socket.destroy());
  }

  #openOnce(): boolean {
    if (this.#isOpen) return false;
    this.#isOpen = true;
    this.#exchange.openStream();
    return true;
  }
}
