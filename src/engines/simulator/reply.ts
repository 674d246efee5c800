import { type ApiError, notCompliant } from './api-error.ts';
import type { ToyEngine } from './engine.ts';
import { EventStream } from './event-stream.ts';
import type { Exchange } from './exchange.ts';
import { GenerationJob, type JobListener } from './generation-job.ts';
import type { GenerationPlan } from './generation-plan.ts';
import { loadHeader, type ReplyBasis } from './reply-basis.ts';
import { hasNan, type Piece } from './sequence.ts';
import { finalUsage, replyUsage, runningUsage, usageOfChoice } from './usage.ts';

/** What chats and completions put into the frame of a reply, each in its own words. */
export interface ReplyContent {
  readonly kind: 'chat' | 'completion';
  readonly plan: GenerationPlan;
  /** Events that come before the first token, without their frame: at most one for each choice. */
  opening(): readonly { readonly choices: readonly object[] }[];
  /** The choice in the event of one more token. */
  event(choice: number, piece: Piece): object;
  /** The choice in a whole reply. */
  whole(choice: number, pieces: readonly Piece[]): object;
  /** What a whole reply has behind its usage. */
  readonly appendix: object;
  /** Whole replies tell nothing of the cache. */
  readonly hidesCache: boolean;
}

export interface StreamOptions {
  readonly includeUsage: boolean;
  /** Usage so far on every event. */
  readonly continuousUsage: boolean;
}

interface Place {
  readonly engine: ToyEngine;
  readonly exchange: Exchange;
  readonly basis: ReplyBasis;
}

/** Answers a request in one JSON object. */
export class WholeReply implements JobListener {
  readonly job: GenerationJob;
  readonly #place: Place;
  readonly #content: ReplyContent;
  readonly #pieces: Piece[][];

  constructor(place: Place, content: ReplyContent) {
    this.#place = place;
    this.#content = content;
    const { prompts, n } = content.plan;
    this.#pieces = Array.from({ length: prompts.length * n }, () => []);
    this.job = new GenerationJob(place.engine, content.plan, this);
  }

  onPiece(choice: number, piece: Piece): void {
    this.#pieces[choice]?.push(piece);
  }

  onFailure(error: ApiError): void {
    const { engine, exchange } = this.#place;
    const { status, body } = engine.skin.refusal(error);
    exchange.json(status, body);
  }

  onDone(): void {
    const { engine, exchange, basis } = this.#place;
    const { skin, fingerprint, faults } = engine;
    if (!skin.writesNan && this.#pieces.some((pieces) => pieces.some(hasNan))) {
      return this.onFailure(notCompliant());
    }
    const body = {
      ...basis,
      choices: this.#pieces.map((pieces, choice) => this.#content.whole(choice, pieces)),
      service_tier: null,
      system_fingerprint: fingerprint,
      ...(faults.current.dropUsage ? {} : { usage: this.#usage() }),
      ...this.#content.appendix,
      kv_transfer_params: null,
      ec_transfer_params: null,
      metrics: null,
    };
    exchange.json(200, skin.reply(body, fingerprint), loadHeader(engine, exchange));
  }

  #usage() {
    if (this.#place.engine.skin.usageOfOneChoice) return usageOfChoice(this.job, 0);
    const usage = replyUsage(this.job, this.#content.kind);
    return this.#content.hidesCache ? { ...usage, prompt_tokens_details: null } : usage;
  }
}

/** Answers a request as a stream of events. */
export class StreamReply implements JobListener {
  readonly job: GenerationJob;
  readonly #place: Place;
  readonly #content: ReplyContent;
  readonly #options: StreamOptions;
  readonly #events: EventStream;
  readonly #counts: number[];
  #open: number;
  #begun = false;

  constructor(place: Place, content: ReplyContent, options: StreamOptions) {
    this.#place = place;
    this.#content = content;
    const faults = place.engine.faults.current;
    this.#options = faults.dropUsage ? NO_USAGE : options;
    this.#events = new EventStream(place.exchange, faults, place.engine.skin);
    const { prompts, n } = content.plan;
    this.#counts = Array.from({ length: prompts.length * n }, () => 0);
    this.#open = this.#counts.length;
    this.job = new GenerationJob(place.engine, content.plan, this);
  }

  /** Sends the headers if no event went out yet. */
  open(): void {
    this.#events.open();
  }

  onPiece(choice: number, piece: Piece): void {
    if (!this.#begun) this.#begin();
    this.#counts[choice] = (this.#counts[choice] ?? 0) + 1;
    if (piece.finish !== null) this.#open -= 1;
    const { engine } = this.#place;
    const { includeUsage } = this.#options;
    const isLast = this.#open === 0 && !includeUsage;
    const endsUsage = piece.finish !== null && includeUsage && engine.skin.usageOfOneChoice;
    // In completions it stands on the last event of the choice, in chats behind it.
    const isWithin = endsUsage && this.#content.kind === 'completion';
    this.#send({
      choices: [this.#content.event(choice, piece)],
      ...this.#running(choice),
      ...(isWithin ? { usage: usageOfChoice(this.job, choice) } : {}),
      ...(isLast ? { system_fingerprint: engine.fingerprint } : {}),
    });
    if (endsUsage && !isWithin) this.#tellUsage(usageOfChoice(this.job, choice));
  }

  onDone(): void {
    if (this.#options.includeUsage && !this.#place.engine.skin.usageOfOneChoice) {
      this.#tellUsage(finalUsage(this.job, this.#content.kind));
    }
    this.#events.end();
  }

  onFailure(error: ApiError): void {
    this.#events.fail(error);
  }

  #begin(): void {
    this.#begun = true;
    for (const [choice, event] of this.#content.opening().entries()) {
      const { choices, ...others } = event;
      this.#send({ choices, ...this.#running(choice), ...others });
    }
  }

  #tellUsage(usage: object): void {
    this.#send({ choices: [], usage, system_fingerprint: this.#place.engine.fingerprint });
  }

  #running(choice: number) {
    if (!this.#options.continuousUsage) return {};
    const { prompts, n } = this.#content.plan;
    const promptTokens = prompts[Math.floor(choice / n)]?.tokens.length ?? 0;
    return { usage: runningUsage(promptTokens, this.#counts[choice] ?? 0) };
  }

  #send(event: object): void {
    const { engine, basis } = this.#place;
    for (const each of engine.skin.events({ ...basis, ...event }, engine.fingerprint))
      this.#events.send(each);
    if (this.#events.isCut) this.job.abort();
  }
}

const NO_USAGE: StreamOptions = { includeUsage: false, continuousUsage: false };
