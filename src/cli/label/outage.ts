/**
 * Remembers since when the gateway has not answered. Only what happened since its last good answer
 * counts, so one slow request among many does not look like an outage.
 */
export class Outage {
  readonly #longestMs: number;
  readonly #onStart: (reason: string) => void;
  #since: number | null = null;
  #lastAnswer = 0;

  constructor(longestMs: number, onStart: (reason: string) => void) {
    this.#longestMs = longestMs;
    this.#onStart = onStart;
  }

  answered(): void {
    this.#since = null;
    this.#lastAnswer = performance.now();
  }

  /** A request failed on the way or with a server error; true when that has been going on for too long. */
  failed(reason: string): boolean {
    const now = performance.now();
    if (this.#since === null) {
      this.#since = now;
      this.#onStart(reason);
    }
    return now - this.#since >= this.#longestMs;
  }

  /** True when somebody got an answer since this instant: then what fails is the item, not the gateway. */
  answeredSince(instant: number): boolean {
    return this.#lastAnswer > instant;
  }
}
