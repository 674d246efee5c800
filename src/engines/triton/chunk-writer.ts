import type { GenerationEvent, GenerationRequest } from '../../contracts/engine.ts';
import type { Usage } from '../../domain/cost.ts';
import { type ListedPosition, toChatLogprobs, toCompletionLogprobs } from './vllm-logprobs.ts';

type Chunk = Extract<GenerationEvent, { type: 'chunk' }>;

/** Writes the chunks of one generation in the OpenAI wire format. */
export class ChunkWriter {
  readonly #isChat: boolean;
  readonly #common: Readonly<Record<string, unknown>>;

  /** `created` is in seconds since 1970. */
  constructor(kind: GenerationRequest['kind'], id: string, model: string, created: number) {
    this.#isChat = kind === 'chat';
    this.#common = {
      id: `${this.#isChat ? 'chatcmpl' : 'cmpl'}-${id}`,
      object: this.#isChat ? 'chat.completion.chunk' : 'text_completion',
      created,
      model,
    };
  }

  /** The role of a choice, which chats write before its text; null for completions. */
  role(index: number): Chunk | null {
    if (!this.#isChat) return null;
    return this.#choice({ index, delta: { role: 'assistant', content: '' }, finish_reason: null });
  }

  /** `offset` is the length of the choice's text before this piece. */
  text(index: number, text: string, positions: readonly ListedPosition[], offset: number): Chunk {
    const shared = { index, finish_reason: null };
    if (this.#isChat) {
      const logprobs = positions.length > 0 ? { logprobs: toChatLogprobs(positions) } : {};
      return this.#choice({ ...shared, delta: { content: text }, ...logprobs });
    }
    const logprobs = positions.length > 0 ? toCompletionLogprobs(positions, offset) : null;
    return this.#choice({ ...shared, text, logprobs });
  }

  finish(index: number, reason: string): Chunk {
    return this.#choice(
      this.#isChat
        ? { index, delta: {}, finish_reason: reason }
        : { index, text: '', logprobs: null, finish_reason: reason },
    );
  }

  usage({ inputTokens, outputTokens }: Usage): Chunk {
    return this.#chunk({
      choices: [],
      usage: {
        prompt_tokens: inputTokens,
        completion_tokens: outputTokens,
        total_tokens: inputTokens + outputTokens,
      },
    });
  }

  #choice(choice: Readonly<Record<string, unknown>>): Chunk {
    return this.#chunk({ choices: [choice] });
  }

  #chunk(fields: Readonly<Record<string, unknown>>): Chunk {
    const value = { ...this.#common, ...fields };
    return { type: 'chunk', data: JSON.stringify(value), value };
  }
}
