import type { SimulatedClock } from '../../contracts/simulator.ts';

/** One answer in the making. */
export interface Sequence {
  readonly priority: number;
  /** Called when it is taken from the queue; gives the prompt tokens that must be computed. */
  start(): number;
  /** Makes the next token; false when it was the last. */
  step(): boolean;
}

interface Running {
  readonly sequence: Sequence;
  /** When its next token is there. */
  dueAt: number;
}

/** Tokens that a sequence makes before new requests are looked at, when the clock allows any number. */
const BURST = 32;

/**
 * Continuous batching on a real clock: up to `maxRunning` sequences make tokens side by side, prompts are
 * computed one after the other, and the rest waits, lowest priority number first, then in order of arrival.
 * One timer, set to the next token that is due.
 */
export class Scheduler {
  readonly #clock: SimulatedClock;
  readonly #running = new Map<Sequence, Running>();
  readonly #waiting: Sequence[] = [];
  #timer: NodeJS.Timeout | null = null;
  #timerAt = 0;
  #immediate: NodeJS.Immediate | null = null;
  /** Until then the computing of prompts is taken. */
  #prefillFreeAt = 0;
  /** Until then nothing moves. */
  #blockedUntil = 0;
  #isStuck = false;
  /** Added to the time to the first token. */
  firstTokenDelayMs = 0;

  constructor(clock: SimulatedClock) {
    this.#clock = clock;
  }

  get running(): number {
    return this.#running.size;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** False, and nothing is taken, when they would have to wait and the queue is full. */
  submit(sequences: readonly Sequence[]): boolean {
    const { maxRunning, maxQueued } = this.#clock;
    const free = Math.max(0, maxRunning - this.#running.size - this.#waiting.length);
    const mustWait = sequences.length - free;
    if (maxQueued !== undefined && mustWait > 0 && this.#waiting.length + mustWait > maxQueued) return false;
    for (const sequence of sequences) this.#enqueue(sequence);
    if (!this.#isStuck) this.#advance();
    return true;
  }

  /** Takes a sequence out at once, wherever it is. */
  remove(sequence: Sequence): void {
    if (!this.#running.delete(sequence)) {
      const place = this.#waiting.indexOf(sequence);
      if (place >= 0) this.#waiting.splice(place, 1);
    }
    // Not from here: this may be called from a step.
    this.#soon();
  }

  /** Nothing moves for this long: what was due comes later by as much. */
  block(ms: number): void {
    const now = performance.now();
    this.#blockedUntil = Math.max(this.#blockedUntil, now) + ms;
    this.#prefillFreeAt = Math.max(this.#prefillFreeAt, now) + ms;
    for (const running of this.#running.values()) running.dueAt += ms;
  }

  /** Nothing moves until it is released. */
  set isStuck(isStuck: boolean) {
    this.#isStuck = isStuck;
    this.#soon();
  }

  close(): void {
    this.#isStuck = true;
    this.#running.clear();
    this.#waiting.length = 0;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#immediate !== null) clearImmediate(this.#immediate);
  }

  #enqueue(sequence: Sequence): void {
    let place = this.#waiting.length;
    while (place > 0 && (this.#waiting[place - 1]?.priority ?? 0) > sequence.priority) place -= 1;
    this.#waiting.splice(place, 0, sequence);
  }

  #advance(): void {
    if (this.#isStuck) return;
    this.#startWaiting();
    const now = performance.now();
    // Side by side: each sequence that is due makes one token, then all of them the next.
    for (let round = 0; round < BURST && this.#stepDue(now); round += 1);
    if (this.#waiting.length > 0 && this.#running.size < this.#clock.maxRunning) this.#soon();
    else if (this.#running.size > 0) this.#wakeAt(this.#nextDue());
  }

  /** One token for each sequence that is due; false when none was. */
  #stepDue(now: number): boolean {
    let isMoving = false;
    for (const running of this.#running.values()) {
      if (running.dueAt > now) continue;
      isMoving = true;
      running.dueAt += this.#clock.interTokenMs;
      if (!running.sequence.step()) this.#running.delete(running.sequence);
    }
    return isMoving;
  }

  #nextDue(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { dueAt } of this.#running.values()) next = Math.min(next, dueAt);
    return next;
  }

  #startWaiting(): void {
    const { maxRunning, firstTokenMs, prefillMsPer1000Tokens } = this.#clock;
    while (this.#running.size < maxRunning) {
      const sequence = this.#waiting.shift();
      if (sequence === undefined) return;
      const prefillMs = (sequence.start() * prefillMsPer1000Tokens) / 1000;
      const from = Math.max(performance.now(), this.#blockedUntil, this.#prefillFreeAt);
      this.#prefillFreeAt = from + prefillMs;
      const dueAt = this.#prefillFreeAt + firstTokenMs + this.firstTokenDelayMs;
      this.#running.set(sequence, { sequence, dueAt });
    }
  }

  #wakeAt(at: number): void {
    const wait = at - performance.now();
    if (wait <= 0) return this.#soon();
    if (this.#timer !== null && this.#timerAt <= at) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#advance();
    }, Math.ceil(wait));
  }

  #soon(): void {
    this.#immediate ??= setImmediate(() => {
      this.#immediate = null;
      this.#advance();
    });
  }
}
