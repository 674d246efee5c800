import type { Call } from '../contracts/call.ts';
import type { DistributionReply, DistributionRequest, EngineResult } from '../contracts/engine.ts';
import { abortProblem } from '../domain/errors.ts';

type Answer = EngineResult<DistributionReply>;

/** A guess that is good enough to bound a call: four characters a token. */
const CHARACTERS_PER_TOKEN = 4;

/**
 * One question that waits for its engine call or is out with it. It ends once: with an answer, or at the very
 * moment when its own caller leaves or its own deadline passes, whatever the call that it shares does.
 */
export class CoalescedQuestion {
  readonly request: DistributionRequest;
  readonly call: Call;
  /** Estimated tokens of its prompt. */
  readonly tokens: number;
  readonly answer: Promise<Answer>;
  /** An engine was asked: what it costs from now on is no longer nothing. */
  isOut = false;
  readonly #settle: (answer: Answer) => void;
  readonly #break: (error: unknown) => void;
  readonly #leavers: (() => void)[] = [];
  #isOpen = true;

  constructor(request: DistributionRequest, call: Call) {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.request = request;
    this.call = call;
    this.tokens = tokensOf(request);
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
  end(answer: Answer): void {
    if (this.#close()) this.#settle(answer);
  }

  /** What an adapter throws is a defect, and its caller must see it. */
  break(error: unknown): void {
    if (this.#close()) this.#break(error);
  }

  /** Called when its caller leaves before the answer. */
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

function tokensOf({ messages }: DistributionRequest): number {
  let characters = 0;
  for (const { content } of messages) characters += content.length;
  return 1 + Math.ceil(characters / CHARACTERS_PER_TOKEN);
}
