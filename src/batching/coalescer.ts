import type { Call } from '../contracts/call.ts';
import type { Clock } from '../contracts/clock.ts';
import type {
  DistributionReply,
  DistributionRequest,
  EngineResult,
  LabelBatches,
  Replica,
} from '../contracts/engine.ts';
import { askTogether } from './coalesced-call.ts';
import { CoalescedQuestion } from './coalesced-question.ts';

/**
 * Label questions that leave for the same replica at nearly the same time share one engine call, where the
 * replica found a way to ask several at once. It stands right before the replica: which one is asked, retries,
 * breakers and money belong to each question alone, above. A question never waits while the replica has nothing
 * to do, never longer than the window, and what becomes of it is never the doing of those it travels with.
 */
export interface CoalescerSettings {
  /** Longest wait for company, in milliseconds; 0 sends every question by itself. */
  readonly windowMs: number;
  /** Questions with which a call leaves at once, >= 2. */
  readonly maximum: number;
  /** Estimated prompt tokens with which a call leaves at once, >= 1. */
  readonly tokens: number;
  /** Tokens from the engine's cache have another price: calls that do not tell them are not made. */
  readonly needsCachedTokens: boolean;
}

/** `replica` with its questions coalesced; everything else passes through. */
export function coalesce(replica: Replica, settings: CoalescerSettings, clock: Clock): Replica {
  if (settings.windowMs === 0 || replica.labelBatches === undefined) return replica;
  const coalescer = new Coalescer(replica, settings, clock);
  return {
    url: replica.url,
    warmUp: (call) => replica.warmUp(call),
    distribution: (request, call) => coalescer.ask(request, call),
    labelBatches: () => replica.labelBatches?.() ?? null,
    generate: (request, call) => replica.generate(request, call),
    post: (path, body, call) => replica.post(path, body, call),
    ...(replica.load === undefined ? {} : { load: (call: Call) => replica.load?.(call) ?? NO_LOAD }),
    async close() {
      coalescer.flush();
      await replica.close();
    },
  };
}

const NO_LOAD = Promise.resolve({ ok: true as const, value: null });

/** Questions that wait for company, all with the same key. */
interface Group {
  readonly batches: LabelBatches;
  readonly questions: CoalescedQuestion[];
  tokens: number;
  stopTimer(): void;
}

class Coalescer {
  readonly #replica: Replica;
  readonly #settings: CoalescerSettings;
  readonly #clock: Clock;
  /** Bounded by the calls that the pool lets out: each of them is one question here at most. */
  readonly #groups = new Map<string, Group>();
  /** Engine calls that are out. */
  #calls = 0;

  constructor(replica: Replica, settings: CoalescerSettings, clock: Clock) {
    this.#replica = replica;
    this.#settings = settings;
    this.#clock = clock;
  }

  ask(request: DistributionRequest, call: Call): Promise<EngineResult<DistributionReply>> {
    const batches = this.#replica.labelBatches?.() ?? null;
    if (batches === null || this.#isUntold(batches) || this.#mustGo(call)) {
      return this.#count(this.#replica.distribution(request, call));
    }
    const question = new CoalescedQuestion(request, call);
    if (question.isOpen) this.#join(question, batches);
    return question.answer;
  }

  /** Sends whatever waits. */
  flush(): void {
    for (const key of this.#groups.keys()) this.#leave(key);
  }

  #isUntold({ tellsCachedTokens }: LabelBatches): boolean {
    return this.#settings.needsCachedTokens && !tellsCachedTokens;
  }

  /** An idle replica, a question that must be alone, or no time to wait. */
  #mustGo({ alone = false, deadline }: Call): boolean {
    if (alone || (this.#calls === 0 && this.#groups.size === 0)) return true;
    return this.#clock.monotonic() + this.#settings.windowMs >= deadline;
  }

  #join(question: CoalescedQuestion, batches: LabelBatches): void {
    const key = batches.keyOf(question.request, question.call);
    const waiting = this.#groups.get(key);
    // Ids of label sets change with a warm-up: what was found then is asked then.
    if (waiting !== undefined && (waiting.batches !== batches || this.#isTooMuch(waiting, question))) {
      this.#leave(key);
    }
    const group = this.#groups.get(key) ?? this.#open(key, batches);
    group.questions.push(question);
    group.tokens += question.tokens;
    question.onLeave(() => this.#forget(key, group, question));
    const { maximum, tokens } = this.#settings;
    if (group.questions.length >= Math.min(maximum, batches.maximum) || group.tokens >= tokens) {
      this.#leave(key);
    }
  }

  #isTooMuch(group: Group, question: CoalescedQuestion): boolean {
    return group.tokens + question.tokens > this.#settings.tokens;
  }

  #open(key: string, batches: LabelBatches): Group {
    const stopTimer = this.#clock.after(this.#settings.windowMs, () => this.#leave(key));
    const group = { batches, questions: [], tokens: 0, stopTimer };
    this.#groups.set(key, group);
    return group;
  }

  /** Its caller left while it waited. */
  #forget(key: string, group: Group, question: CoalescedQuestion): void {
    const place = group.questions.indexOf(question);
    if (place < 0) return;
    group.questions.splice(place, 1);
    group.tokens -= question.tokens;
    if (group.questions.length > 0 || this.#groups.get(key) !== group) return;
    group.stopTimer();
    this.#groups.delete(key);
  }

  #leave(key: string): void {
    const group = this.#groups.get(key);
    if (group === undefined) return;
    group.stopTimer();
    this.#groups.delete(key);
    const { batches, questions } = group;
    void this.#count(askTogether({ replica: this.#replica, batches }, questions));
  }

  /** Counts a call while it is out. When the replica has nothing left to do, whoever waits goes. */
  async #count<T>(called: Promise<T>): Promise<T> {
    this.#calls += 1;
    try {
      return await called;
    } finally {
      this.#calls -= 1;
      if (this.#calls === 0) this.flush();
    }
  }
}
