import type { Call } from '../contracts/call.ts';
import type { Clock } from '../contracts/clock.ts';
import type {
  DistributionReply,
  DistributionRequest,
  EngineResult,
  LabelBatches,
  Replica,
} from '../contracts/engine.ts';
import { messageCharacters, tokensIn } from '../domain/token-estimate.ts';
import { askTogether, type CoalescedQuestion } from './coalesced-call.ts';
import { SharedQuestion } from './shared-question.ts';
import { WaitingRoom } from './waiting-room.ts';

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

class Coalescer {
  readonly #replica: Replica;
  readonly #settings: CoalescerSettings;
  readonly #clock: Clock;
  /** Bounded by the calls that the pool lets out: each of them is one question here at most. */
  readonly #room: WaitingRoom<CoalescedQuestion>;
  /** How those who wait will be asked. */
  #batches: LabelBatches | null = null;
  /** Engine calls that are out. */
  #calls = 0;

  constructor(replica: Replica, settings: CoalescerSettings, clock: Clock) {
    this.#replica = replica;
    this.#settings = settings;
    this.#clock = clock;
    this.#room = new WaitingRoom(clock, (questions) => this.#leave(questions));
  }

  ask(request: DistributionRequest, call: Call): Promise<EngineResult<DistributionReply>> {
    const batches = this.#replica.labelBatches?.() ?? null;
    if (batches === null || this.#isUntold(batches) || this.#mustGo(request, call)) {
      return this.#count(this.#replica.distribution(request, call));
    }
    const question = new SharedQuestion<DistributionRequest, DistributionReply>(
      request,
      call,
      1 + tokensIn(messageCharacters(request.messages)),
    );
    if (question.isOpen) this.#join(question, batches);
    return question.answer;
  }

  /** Sends whatever waits. */
  flush(): void {
    this.#room.flush();
  }

  #isUntold({ tellsCachedTokens }: LabelBatches): boolean {
    return this.#settings.needsCachedTokens && !tellsCachedTokens;
  }

  /** An idle replica, a question that must be alone or has company in its prompt, or no time to wait. */
  #mustGo({ numbered }: DistributionRequest, { alone = false, deadline }: Call): boolean {
    if (alone || numbered !== undefined || (this.#calls === 0 && this.#room.isEmpty)) return true;
    return this.#clock.monotonic() + this.#settings.windowMs >= deadline;
  }

  #join(question: CoalescedQuestion, batches: LabelBatches): void {
    // Ids of label sets change with a warm-up: what was found then is asked then.
    if (this.#batches !== batches) this.flush();
    this.#batches = batches;
    const maximum = Math.min(this.#settings.maximum, batches.maximum);
    // A call is answered when its last question is: nobody in a hurry travels with a batch.
    const key = `${question.call.class ?? 'interactive'} ${batches.keyOf(question.request, question.call)}`;
    this.#room.join(key, question, { ...this.#settings, maximum });
  }

  #leave(questions: readonly CoalescedQuestion[]): void {
    const batches = this.#batches;
    if (batches !== null) void this.#count(askTogether({ replica: this.#replica, batches }, questions));
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
