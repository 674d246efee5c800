import type { GenerationEvent } from '../../contracts/engine.ts';

/** How the buffer speaks to the one who fills it. */
export interface EventSource {
  /** The consumer lags behind: send no more for now. */
  pause(): void;
  resume(): void;
  /** The consumer left before the end. */
  abandon(): void;
}

/** Above this many events the source is paused, at a quarter of it resumed. One network read may overshoot. */
const FULL = 128;

/**
 * The events of one generation between the socket that brings them and the one consumer that takes them.
 * The last event is an `end` or a `failure`; events after it are dropped.
 */
export class EventBuffer implements AsyncIterableIterator<GenerationEvent> {
  readonly #source: EventSource;
  #events: GenerationEvent[] = [];
  #first = 0;
  #complete = false;
  #paused = false;
  #waiting: ((result: IteratorResult<GenerationEvent>) => void) | null = null;

  constructor(source: EventSource) {
    this.#source = source;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  push(event: GenerationEvent): void {
    if (this.#complete) return;
    this.#complete = event.type !== 'chunk';
    const waiting = this.#waiting;
    if (waiting !== null) {
      this.#waiting = null;
      waiting({ done: false, value: event });
      return;
    }
    this.#events.push(event);
    if (!this.#paused && this.#size >= FULL) {
      this.#paused = true;
      this.#source.pause();
    }
  }

  next(): Promise<IteratorResult<GenerationEvent>> {
    const event = this.#events[this.#first];
    if (event !== undefined) {
      this.#first += 1;
      this.#tidy();
      return Promise.resolve({ done: false, value: event });
    }
    if (this.#complete) return Promise.resolve(FINISHED);
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  return(): Promise<IteratorResult<GenerationEvent>> {
    const wasComplete = this.#complete;
    this.#complete = true;
    this.#events = [];
    this.#first = 0;
    this.#waiting?.(FINISHED);
    this.#waiting = null;
    if (!wasComplete) this.#source.abandon();
    return Promise.resolve(FINISHED);
  }

  get #size(): number {
    return this.#events.length - this.#first;
  }

  #tidy(): void {
    if (this.#size === 0) {
      this.#events = [];
      this.#first = 0;
    }
    if (this.#paused && this.#size <= FULL / 4) {
      this.#paused = false;
      this.#source.resume();
    }
  }
}

const FINISHED: IteratorResult<GenerationEvent> = { done: true, value: undefined };
