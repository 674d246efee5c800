import type { Call } from '../contracts/call.ts';
import type { EngineResult } from '../contracts/engine.ts';
import type { Gathered } from '../contracts/gathering.ts';
import { abortProblem } from '../domain/errors.ts';

/** Who waits for an answer and may leave before it. */
export interface Leavable {
  readonly call: Call;
  /** Called when the caller leaves before the answer. */
  onLeave(listener: () => void): void;
}

/**
 * One question that waits for its engine call or is out with it. It ends once: with an answer, or at the very
 * moment when its own caller leaves or its own deadline passes, whatever the call that it shares does.
 */
export class SharedQuestion<Q, A> implements Gathered<Q, A>, Leavable {
  readonly request: Q;
  readonly call: Call;
  /** Estimated tokens of its prompt. */
  readonly tokens: number;
  readonly answer: Promise<EngineResult<A>>;
  /** An engine was asked: what it costs from now on is no longer nothing. */
  isOut = false;
  readonly #settle: (answer: EngineResult<A>) => void;
  readonly #break: (error: unknown) => void;
  readonly #leavers: (() => void)[] = [];
  #isOpen = true;

  constructor(request: Q, call: Call, tokens: number) {
    const { promise, resolve, reject } = Promise.withResolvers<EngineResult<A>>();
    this.request = request;
    this.call = call;
    this.tokens = tokens;
    this.answer = promise;
    this.#settle = resolve;
    this.#break = reject;
    if (call.signal.aborted) this.#leave();
    else call.signal.addEventListener('abort', this.#leave, { once: true });
  }

  /** Nobody has answered it yet, and somebody waits for it. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Does nothing when it has ended. */
  end(answer: EngineResult<A>): void {
    if (this.#close()) this.#settle(answer);
  }

  /** What an adapter throws is a defect, and its caller must see it. */
  break(error: unknown): void {
    if (this.#close()) this.#break(error);
  }

  onLeave(listener: () => void): void {
    this.#leavers.push(listener);
  }

  readonly #leave = (): void => {
    const { code, message } = abortProblem(this.call.signal.reason);
    if (!this.#close()) return;
    this.#settle({ ok: false, failure: { code, message, sent: this.isOut, blamesReplica: false } });
    for (const listener of this.#leavers) listener();
  };

  #close(): boolean {
    const wasOpen = this.#isOpen;
    this.#isOpen = false;
    this.call.signal.removeEventListener('abort', this.#leave);
    return wasOpen;
  }
}
