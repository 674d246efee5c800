import type { Observation } from '../contracts/evidence.ts';

/** Observations that wait for what a person says of them, where people are the reference. The oldest go first. */
export class AwaitingGold {
  static readonly LARGEST = 4_096;
  readonly #waiting = new Map<string, Observation>();

  get size(): number {
    return this.#waiting.size;
  }

  add(observation: Observation): void {
    this.#waiting.set(observation.verdictId, observation);
    if (this.#waiting.size <= AwaitingGold.LARGEST) return;
    for (const oldest of this.#waiting.keys()) {
      this.#waiting.delete(oldest);
      break;
    }
  }

  /** The observation of this verdict, which then no longer waits; undefined when there is none. */
  take(verdictId: string): Observation | undefined {
    const found = this.#waiting.get(verdictId);
    this.#waiting.delete(verdictId);
    return found;
  }

  /** Oldest first. */
  verdicts(): string[] {
    return [...this.#waiting.keys()];
  }

  clear(): void {
    this.#waiting.clear();
  }
}
