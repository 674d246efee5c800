import type { ForcedTool } from './chat-request.ts';
import type { GenerationPlan } from './generation-plan.ts';
import { chatPosition, promptPositions } from './logprob-view.ts';
import type { ReplyContent } from './reply.ts';
import { type Piece, promptLogprobs } from './sequence.ts';

/** What a chat reply must know of its request. */
export interface ChatOptions {
  readonly plan: GenerationPlan;
  readonly tool: ForcedTool | null;
  readonly withTokenIds: boolean;
  /** The batch call, which tells nothing of the cache. */
  readonly isBatch: boolean;
  readonly nextId: () => string;
}

/** The messages of a chat reply. */
export class ChatContent implements ReplyContent {
  readonly kind = 'chat';
  readonly #options: ChatOptions;
  /** Choices whose tool call has begun. */
  readonly #called = new Set<number>();

  constructor(options: ChatOptions) {
    this.#options = options;
  }

  get plan(): GenerationPlan {
    return this.#options.plan;
  }

  get hidesCache(): boolean {
    return this.#options.isBatch;
  }

  get appendix() {
    const { prompts, promptLogprobs: top } = this.plan;
    const [prompt] = prompts;
    const isScored = top !== null && prompt !== undefined;
    return {
      prompt_logprobs: isScored ? promptPositions(promptLogprobs(prompt.tokens, top)) : null,
      prompt_token_ids: this.#options.withTokenIds ? (prompt?.tokens ?? null) : null,
      prompt_text: null,
    };
  }

  /** One event per choice that opens its message. */
  opening() {
    const { plan, withTokenIds } = this.#options;
    return Array.from({ length: plan.n }, (_, index) => ({
      choices: [{ index, delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null }],
      prompt_token_ids: withTokenIds ? (plan.prompts[0]?.tokens ?? null) : null,
      prompt_text: null,
    }));
  }

  event(choice: number, piece: Piece) {
    return {
      index: choice,
      delta: this.#delta(choice, piece),
      logprobs: piece.logprobs === null ? null : this.#logprobs([piece]),
      finish_reason: this.#finishReason(piece.finish),
      ...(piece.finish === null ? {} : { stop_reason: piece.stopReason }),
      token_ids: this.#options.withTokenIds ? [piece.id] : null,
    };
  }

  whole(choice: number, pieces: readonly Piece[]) {
    const { tool, withTokenIds } = this.#options;
    const last = pieces.at(-1);
    const text = pieces.map((piece) => piece.text).join('');
    return {
      index: choice,
      message: {
        role: 'assistant',
        content: tool === null ? text : '',
        refusal: null,
        annotations: null,
        audio: null,
        function_call: null,
        ...(tool === null ? {} : { tool_calls: [this.#toolCall(tool, text)] }),
        reasoning: null,
      },
      logprobs: this.#logprobs(pieces),
      finish_reason: this.#finishReason(last?.finish ?? null),
      stop_reason: last?.stopReason ?? null,
      token_ids: withTokenIds ? pieces.map((piece) => piece.id) : null,
      routed_experts: null,
    };
  }

  #logprobs(pieces: readonly Piece[]) {
    const asked = this.plan.logprobs;
    if (asked === null) return null;
    return {
      content: pieces.flatMap(({ logprobs }) => (logprobs === null ? [] : [chatPosition(logprobs, asked)])),
    };
  }

  #delta(choice: number, piece: Piece) {
    const { tool } = this.#options;
    if (tool === null) return { content: piece.text };
    if (this.#called.has(choice)) return { tool_calls: [{ index: 0, function: { arguments: piece.text } }] };
    this.#called.add(choice);
    return { tool_calls: [{ ...this.#toolCall(tool, piece.text), index: 0 }] };
  }

  #toolCall(tool: ForcedTool, text: string) {
    return {
      id: `chatcmpl-tool-${this.#options.nextId()}`,
      type: 'function',
      function: { name: tool.name, arguments: text },
    };
  }

  #finishReason(finish: Piece['finish']): string | null {
    const { tool } = this.#options;
    return finish === 'stop' && tool !== null && !tool.byName ? 'tool_calls' : finish;
  }
}
