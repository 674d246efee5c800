import { type ApiError, notCompliant } from './api-error.ts';
import type { StreamOptions } from './chat-reply.ts';
import { CompletionChoice } from './completion-choice.ts';
import type { CompletionPlan } from './completion-request.ts';
import type { ToyEngine } from './engine.ts';
import { EventStream } from './event-stream.ts';
import type { Exchange } from './exchange.ts';
import { GenerationJob, type JobListener } from './generation-job.ts';
import { loadHeader, type ReplyBasis } from './reply-basis.ts';
import { hasNan, type Piece } from './sequence.ts';
import { finalUsage, replyUsage, runningUsage } from './usage.ts';

export interface CompletionReplyOptions extends CompletionPlan {
  readonly basis: ReplyBasis;
  readonly withTokenIds: boolean;
}

function choicesOf(options: CompletionReplyOptions): CompletionChoice[] {
  const { prompts, n } = options.plan;
  return Array.from(
    { length: prompts.length * n },
    (_, index) => new CompletionChoice(options, index, options.withTokenIds),
  );
}

/** Answers a completion request in one JSON object. */
export class CompletionReply implements JobListener {
  readonly job: GenerationJob;
  readonly #engine: ToyEngine;
  readonly #exchange: Exchange;
  readonly #options: CompletionReplyOptions;
  readonly #pieces: Piece[][];

  constructor(engine: ToyEngine, exchange: Exchange, options: CompletionReplyOptions) {
    this.#engine = engine;
    this.#exchange = exchange;
    this.#options = options;
    this.#pieces = Array.from({ length: options.plan.prompts.length * options.plan.n }, () => []);
    this.job = new GenerationJob(engine, options.plan, this);
  }

  onPiece(choice: number, piece: Piece): void {
    this.#pieces[choice]?.push(piece);
  }

  onFailure(error: ApiError): void {
    this.#exchange.json(error.status, error.body);
  }

  onDone(): void {
    if (this.#pieces.some((pieces) => pieces.some(hasNan))) return this.onFailure(notCompliant());
    const body = {
      ...this.#options.basis,
      choices: choicesOf(this.#options).map((choice, index) => choice.whole(this.#pieces[index] ?? [])),
      service_tier: null,
      system_fingerprint: this.#engine.fingerprint,
      ...(this.#engine.faults.current.dropUsage ? {} : { usage: replyUsage(this.job, 'completion') }),
      kv_transfer_params: null,
      ec_transfer_params: null,
      metrics: null,
    };
    this.#exchange.json(200, body, loadHeader(this.#engine, this.#exchange));
  }
}

/** Answers a completion request as a stream of events. */
export class CompletionStream implements JobListener {
  readonly job: GenerationJob;
  readonly #engine: ToyEngine;
  readonly #options: CompletionReplyOptions & StreamOptions;
  readonly #events: EventStream;
  readonly #choices: readonly CompletionChoice[];
  #open: number;

  constructor(engine: ToyEngine, exchange: Exchange, options: CompletionReplyOptions & StreamOptions) {
    this.#engine = engine;
    const { dropUsage } = engine.faults.current;
    this.#options = dropUsage ? { ...options, includeUsage: false, continuousUsage: false } : options;
    this.#events = new EventStream(exchange, engine.faults.current);
    this.#choices = choicesOf(options);
    this.#open = this.#choices.length;
    this.job = new GenerationJob(engine, options.plan, this);
  }

  /** Sends the headers if no event went out yet. */
  open(): void {
    this.#events.open();
  }

  onPiece(index: number, piece: Piece): void {
    const { includeUsage, continuousUsage } = this.#options;
    const choice = this.#choices[index];
    if (choice === undefined) return;
    if (piece.finish !== null) this.#open -= 1;
    this.#send({
      choices: [choice.event(piece)],
      ...(continuousUsage ? { usage: runningUsage(choice.promptTokens, choice.count) } : {}),
      ...(this.#open === 0 && !includeUsage ? { system_fingerprint: this.#engine.fingerprint } : {}),
    });
  }

  onDone(): void {
    if (this.#options.includeUsage) {
      const usage = finalUsage(this.job, 'completion');
      this.#send({ choices: [], usage, system_fingerprint: this.#engine.fingerprint });
    }
    this.#events.end();
  }

  onFailure(error: ApiError): void {
    this.#events.fail(error.body);
  }

  #send(event: object): void {
    this.#events.send({ ...this.#options.basis, ...event });
    if (this.#events.isCut) this.job.abort();
  }
}
