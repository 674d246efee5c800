import { type ApiError, notCompliant } from './api-error.ts';
import type { ForcedTool } from './chat-request.ts';
import type { ToyEngine } from './engine.ts';
import { EventStream } from './event-stream.ts';
import type { Exchange } from './exchange.ts';
import { GenerationJob, type JobListener } from './generation-job.ts';
import type { GenerationPlan } from './generation-plan.ts';
import { chatPosition, promptPositions } from './logprob-view.ts';
import { loadHeader, type ReplyBasis } from './reply-basis.ts';
import { hasNan, type Piece, promptLogprobs } from './sequence.ts';
import { finalUsage, replyUsage, runningUsage } from './usage.ts';

/** What a chat reply must know of its request. */
export interface ChatReplyOptions {
  readonly plan: GenerationPlan;
  readonly tool: ForcedTool | null;
  readonly basis: ReplyBasis;
  readonly withTokenIds: boolean;
  /** The batch call, which tells nothing of the cache. */
  readonly isBatch: boolean;
}

/** Answers a chat request in one JSON object. */
export class ChatReply implements JobListener {
  readonly job: GenerationJob;
  readonly #engine: ToyEngine;
  readonly #exchange: Exchange;
  readonly #options: ChatReplyOptions;
  readonly #pieces: Piece[][];

  constructor(engine: ToyEngine, exchange: Exchange, options: ChatReplyOptions) {
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
    const { plan, basis, isBatch, withTokenIds } = this.#options;
    if (this.#pieces.some((pieces) => pieces.some(hasNan))) return this.onFailure(notCompliant());
    const usage = replyUsage(this.job, 'chat');
    const [prompt] = plan.prompts;
    const { promptLogprobs: top } = plan;
    const body = {
      ...basis,
      choices: this.#pieces.map((pieces, index) => this.#choice(pieces, index)),
      service_tier: null,
      system_fingerprint: this.#engine.fingerprint,
      ...(this.#engine.faults.current.dropUsage
        ? {}
        : { usage: isBatch ? { ...usage, prompt_tokens_details: null } : usage }),
      prompt_logprobs:
        top === null || prompt === undefined ? null : promptPositions(promptLogprobs(prompt.tokens, top)),
      prompt_token_ids: withTokenIds ? (prompt?.tokens ?? null) : null,
      prompt_text: null,
      kv_transfer_params: null,
      ec_transfer_params: null,
      metrics: null,
    };
    this.#exchange.json(200, body, loadHeader(this.#engine, this.#exchange));
  }

  #choice(pieces: readonly Piece[], index: number) {
    const { plan, tool, withTokenIds } = this.#options;
    const { logprobs } = plan;
    const last = pieces.at(-1);
    const text = pieces.map((piece) => piece.text).join('');
    return {
      index,
      message: {
        role: 'assistant',
        content: tool === null ? text : '',
        refusal: null,
        annotations: null,
        audio: null,
        function_call: null,
        ...(tool === null ? {} : { tool_calls: [toolCall(this.#engine, tool, text)] }),
        reasoning: null,
      },
      logprobs:
        logprobs === null
          ? null
          : {
              content: pieces.flatMap((piece) =>
                piece.logprobs === null ? [] : [chatPosition(piece.logprobs, logprobs)],
              ),
            },
      finish_reason: finishReason(last?.finish ?? null, tool),
      stop_reason: last?.stopReason ?? null,
      token_ids: withTokenIds ? pieces.map((piece) => piece.id) : null,
      routed_experts: null,
    };
  }
}

function toolCall(engine: ToyEngine, tool: ForcedTool, text: string) {
  return {
    id: `chatcmpl-tool-${engine.nextId()}`,
    type: 'function',
    function: { name: tool.name, arguments: text },
  };
}

function finishReason(finish: Piece['finish'], tool: ForcedTool | null): string | null {
  return finish === 'stop' && tool !== null && !tool.byName ? 'tool_calls' : finish;
}

export interface StreamOptions {
  readonly includeUsage: boolean;
  /** Usage so far on every event. */
  readonly continuousUsage: boolean;
}

/** Answers a chat request as a stream of events. */
export class ChatStream implements JobListener {
  readonly job: GenerationJob;
  readonly #engine: ToyEngine;
  readonly #options: ChatReplyOptions & StreamOptions;
  readonly #events: EventStream;
  readonly #counts: number[];
  #open: number;
  #begun = false;

  constructor(engine: ToyEngine, exchange: Exchange, options: ChatReplyOptions & StreamOptions) {
    this.#engine = engine;
    const { dropUsage } = engine.faults.current;
    this.#options = dropUsage ? { ...options, includeUsage: false, continuousUsage: false } : options;
    this.#events = new EventStream(exchange, engine.faults.current);
    this.#counts = Array.from({ length: options.plan.n }, () => 0);
    this.#open = options.plan.n;
    this.job = new GenerationJob(engine, options.plan, this);
  }

  /** Sends the headers if no event went out yet. */
  open(): void {
    this.#events.open();
  }

  onPiece(choice: number, piece: Piece): void {
    if (!this.#begun) this.#begin();
    const { plan, includeUsage, withTokenIds } = this.#options;
    const { logprobs } = plan;
    this.#counts[choice] = (this.#counts[choice] ?? 0) + 1;
    if (piece.finish !== null) this.#open -= 1;
    this.#send({
      choices: [
        {
          index: choice,
          delta: this.#delta(choice, piece),
          logprobs:
            logprobs === null || piece.logprobs === null
              ? null
              : { content: [chatPosition(piece.logprobs, logprobs)] },
          finish_reason: finishReason(piece.finish, this.#options.tool),
          ...(piece.finish === null ? {} : { stop_reason: piece.stopReason }),
          token_ids: withTokenIds ? [piece.id] : null,
        },
      ],
      ...this.#usageOf(choice),
      ...(this.#open === 0 && !includeUsage ? { system_fingerprint: this.#engine.fingerprint } : {}),
    });
  }

  onDone(): void {
    if (this.#options.includeUsage) {
      const usage = finalUsage(this.job, 'chat');
      this.#send({ choices: [], usage, system_fingerprint: this.#engine.fingerprint });
    }
    this.#events.end();
  }

  onFailure(error: ApiError): void {
    this.#events.fail(error.body);
  }

  /** One event per choice that opens its message. */
  #begin(): void {
    this.#begun = true;
    const { plan, withTokenIds } = this.#options;
    for (let index = 0; index < plan.n; index += 1) {
      this.#send({
        choices: [{ index, delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null }],
        ...this.#usageOf(index),
        prompt_token_ids: withTokenIds ? (plan.prompts[0]?.tokens ?? null) : null,
        prompt_text: null,
      });
    }
  }

  #delta(choice: number, piece: Piece) {
    const { tool } = this.#options;
    if (tool === null) return { content: piece.text };
    if (this.#counts[choice] !== 1)
      return { tool_calls: [{ index: 0, function: { arguments: piece.text } }] };
    return { tool_calls: [{ ...toolCall(this.#engine, tool, piece.text), index: 0 }] };
  }

  #usageOf(choice: number) {
    if (!this.#options.continuousUsage) return {};
    return { usage: runningUsage(this.job.promptTokens, this.#counts[choice] ?? 0) };
  }

  #send(event: object): void {
    this.#events.send({ ...this.#options.basis, ...event });
    if (this.#events.isCut) this.job.abort();
  }
}
