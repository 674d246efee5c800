import { type ApiError, engineBusy } from './api-error.ts';
import type { EngineJob, ToyEngine } from './engine.ts';
import type { GenerationPlan, PlannedPrompt } from './generation-plan.ts';
import { BLOCK_TOKENS, type CacheLookup } from './prefix-cache.ts';
import type { Sequence } from './scheduler.ts';
import { AnswerWriter, type Piece } from './sequence.ts';

/** Hears what becomes of a request. Exactly one of `onDone` and `onFailure` comes, unless it is aborted. */
export interface JobListener {
  /** `choice` counts the answers of all prompts: answer + prompt x n. */
  onPiece(choice: number, piece: Piece): void;
  onDone(): void;
  onFailure(error: ApiError): void;
}

/** One request in the engine: a sequence for each answer to each of its prompts. */
export class GenerationJob implements EngineJob {
  readonly plan: GenerationPlan;
  readonly #engine: ToyEngine;
  readonly #listener: JobListener;
  readonly #sequences: EngineSequence[];
  /** What the cache had of each prompt; empty for prompts not yet begun. */
  readonly lookups: CacheLookup[] = [];
  #open: number;

  constructor(engine: ToyEngine, plan: GenerationPlan, listener: JobListener) {
    this.plan = plan;
    this.#engine = engine;
    this.#listener = listener;
    this.#sequences = plan.prompts.flatMap((prompt, promptIndex) =>
      Array.from({ length: plan.n }, (_, answer) => {
        const choice = promptIndex * plan.n + answer;
        return new EngineSequence(engine, this, { prompt, promptIndex, answer, choice });
      }),
    );
    this.#open = this.#sequences.length;
  }

  get promptTokens(): number {
    return this.plan.prompts.reduce((sum, prompt) => sum + prompt.tokens.length, 0);
  }

  get completionTokens(): number {
    return this.#sequences.reduce((sum, sequence) => sum + sequence.count, 0);
  }

  tokensOf(choice: number): number {
    return this.#sequences[choice]?.count ?? 0;
  }

  /** Hands the request to the scheduler. Throws when its queue is full. */
  start(): void {
    this.#engine.jobs.add(this);
    if (this.#engine.scheduler.submit(this.#sequences)) return;
    this.#engine.jobs.delete(this);
    this.#engine.metrics.rejected += 1;
    throw engineBusy();
  }

  /** The client left: frees everything at once. */
  abort(): void {
    if (!this.#engine.jobs.has(this)) return;
    this.#leave();
    this.#engine.metrics.aborted += 1;
  }

  fail(error: ApiError): void {
    if (!this.#engine.jobs.has(this)) return;
    this.#leave();
    this.#listener.onFailure(error);
  }

  take(choice: number, piece: Piece): void {
    this.#listener.onPiece(choice, piece);
    // The listener may have given up: its client left, or a fault ended the stream.
    if (piece.finish === null || !this.#engine.jobs.has(this)) return;
    this.#open -= 1;
    if (this.#open > 0) return;
    this.#engine.jobs.delete(this);
    this.#listener.onDone();
  }

  #leave(): void {
    this.#engine.jobs.delete(this);
    for (const sequence of this.#sequences) sequence.release();
  }
}

interface SequencePlace {
  readonly prompt: PlannedPrompt;
  readonly promptIndex: number;
  readonly answer: number;
  readonly choice: number;
}

/** An answer as the scheduler sees it; keeps the engine's books while it runs. */
class EngineSequence implements Sequence {
  readonly priority: number;
  readonly #engine: ToyEngine;
  readonly #job: GenerationJob;
  readonly #place: SequencePlace;
  readonly #writer: AnswerWriter;
  readonly #arrivedAt = performance.now();
  #steppedAt = this.#arrivedAt;
  #blocks = 0;
  #isOver = false;

  constructor(engine: ToyEngine, job: GenerationJob, place: SequencePlace) {
    this.priority = job.plan.priority;
    this.#engine = engine;
    this.#job = job;
    this.#place = place;
    this.#writer = new AnswerWriter(job.plan, place.prompt, place.answer);
  }

  get count(): number {
    return this.#writer.count;
  }

  start(): number {
    const { metrics, cache } = this.#engine;
    const { prompt, promptIndex, answer } = this.#place;
    const { plan } = this.#job;
    const lookup = cache.visit(prompt.tokens, plan.cacheSalt);
    if (answer === 0) {
      this.#job.lookups[promptIndex] = lookup;
      if (plan.logprobs !== null && prompt.odds !== null) metrics.labelCalls += 1;
    }
    if (plan.logprobs !== null) this.#engine.warmUpLogprobs();
    metrics.promptTokens += prompt.tokens.length;
    metrics.cachedTokens += lookup.cached;
    metrics.promptLength.observe(prompt.tokens.length);
    metrics.queued.observe((performance.now() - this.#arrivedAt) / 1000);
    this.#hold();
    return prompt.tokens.length - lookup.cached;
  }

  step(): boolean {
    const { metrics, faults } = this.#engine;
    const now = performance.now();
    const since = this.count === 0 ? this.#arrivedAt : this.#steppedAt;
    (this.count === 0 ? metrics.firstToken : metrics.interToken).observe((now - since) / 1000);
    this.#steppedAt = now;
    const piece = this.#writer.next(faults.current.nan);
    metrics.generationTokens += 1;
    if (this.count % BLOCK_TOKENS === 0) this.#hold();
    if (piece.finish !== null) {
      metrics.finished[piece.finish] += 1;
      metrics.answerLength.observe(this.count);
      metrics.endToEnd.observe((now - this.#arrivedAt) / 1000);
      this.#free();
    }
    this.#job.take(this.#place.choice, piece);
    return piece.finish === null;
  }

  /** Leaves the engine without having finished. */
  release(): void {
    if (this.#isOver) return;
    this.#engine.scheduler.remove(this);
    this.#free();
  }

  #hold(): void {
    const blocks = Math.ceil((this.#place.prompt.tokens.length + this.count) / BLOCK_TOKENS);
    this.#engine.usedBlocks += blocks - this.#blocks;
    this.#blocks = blocks;
  }

  #free(): void {
    this.#isOver = true;
    this.#engine.usedBlocks -= this.#blocks;
    this.#blocks = 0;
  }
}
