import type { Clock } from '../contracts/clock.ts';
import type { Leavable } from './shared-question.ts';

/** When questions that wait for company leave together. */
export interface RoomLimits {
  /** Longest wait for company, in milliseconds. */
  readonly windowMs: number;
  /** Questions with which they leave at once. */
  readonly maximum: number;
  /** Estimated tokens with which they leave at once. */
  readonly tokens: number;
}

/** Questions that wait for company, all with the same key. */
interface Group<T> {
  readonly questions: T[];
  tokens: number;
  stopTimer(): void;
}

/** Where questions wait for company. Those with equal keys leave together, by number, size or time. */
export class WaitingRoom<T extends Leavable & { readonly tokens: number }> {
  readonly #clock: Clock;
  readonly #leave: (questions: readonly T[]) => void;
  readonly #groups = new Map<string, Group<T>>();

  /** `leave` is told of those whose time has come. */
  constructor(clock: Clock, leave: (questions: readonly T[]) => void) {
    this.#clock = clock;
    this.#leave = leave;
  }

  get isEmpty(): boolean {
    return this.#groups.size === 0;
  }

  join(key: string, question: T, limits: RoomLimits): void {
    const waiting = this.#groups.get(key);
    if (waiting !== undefined && waiting.tokens + question.tokens > limits.tokens) this.send(key);
    const group = this.#groups.get(key) ?? this.#open(key, limits);
    group.questions.push(question);
    group.tokens += question.tokens;
    question.onLeave(() => this.#forget(key, group, question));
    if (group.questions.length >= limits.maximum || group.tokens >= limits.tokens) this.send(key);
  }

  /** Sends whoever waits under this key. */
  send(key: string): void {
    const group = this.#groups.get(key);
    if (group === undefined) return;
    group.stopTimer();
    this.#groups.delete(key);
    this.#leave(group.questions);
  }

  /** Sends whoever waits. */
  flush(): void {
    for (const key of this.#groups.keys()) this.send(key);
  }

  #open(key: string, limits: RoomLimits): Group<T> {
    const stopTimer = this.#clock.after(limits.windowMs, () => this.send(key));
    const group: Group<T> = { questions: [], tokens: 0, stopTimer };
    this.#groups.set(key, group);
    return group;
  }

  /** Its caller left while it waited. */
  #forget(key: string, group: Group<T>, question: T): void {
    const place = group.questions.indexOf(question);
    if (place < 0) return;
    group.questions.splice(place, 1);
    group.tokens -= question.tokens;
    if (group.questions.length > 0 || this.#groups.get(key) !== group) return;
    group.stopTimer();
    this.#groups.delete(key);
  }
}
