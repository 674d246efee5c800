import type { EngineFailure, GenerationEvent } from '../../contracts/engine.ts';
import { corruptFailure, garbageFailure } from '../openai/failures.ts';
import type { AnswerPiece, Backend } from './backend.ts';
import type { ChunkWriter } from './chunk-writer.ts';
import type { ReplyTensors } from './reply-tensors.ts';
import type { TextTokens } from './tokenizer.ts';
import { hasNaN, type ListedPosition, parseVllmLogprobs } from './vllm-logprobs.ts';

/** What is known of a text before it is asked for. */
export interface TextQuestion {
  readonly backend: Backend;
  /** Replies repeat the whole text so far. */
  readonly accumulates: boolean;
  /** The model says by itself why it ended. */
  readonly tellsFinishReason: boolean;
  readonly maxTokens: number;
  readonly wantsLogprobs: boolean;
  /** Counts tokens where the model does not; null when nothing can. */
  readonly tokens: TextTokens | null;
  readonly prompt: string;
}

/** Reads the replies of one choice and knows whether it was complete: a cut answer looks like a short one. */
export class ChoiceReader {
  readonly #index: number;
  readonly #question: TextQuestion;
  readonly #writer: ChunkWriter;
  #text = '';
  #begun = false;
  #finishReason: string | null = null;
  #inputTokens: number | null = null;
  #outputTokens: number | null = null;

  constructor(index: number, question: TextQuestion, writer: ChunkWriter) {
    this.#index = index;
    this.#question = question;
    this.#writer = writer;
  }

  /** 0 when neither the model nor a tokenizer tells. */
  get inputTokens(): number {
    const { tokens, prompt } = this.#question;
    return this.#inputTokens ?? tokens?.idsOf(prompt).length ?? 0;
  }

  get outputTokens(): number {
    return this.#countedTokens() ?? 0;
  }

  read(reply: ReplyTensors): readonly GenerationEvent[] {
    const { backend, accumulates } = this.#question;
    const piece = backend.readPiece(reply);
    if (piece.text === null) return [failed(garbageFailure('the model answered without a text'))];
    const positions = this.#positionsOf(piece);
    if ('code' in positions) return [failed(positions)];
    this.#count(piece);
    if (accumulates && !piece.text.startsWith(this.#text)) {
      return [failed(garbageFailure('the model took back a part of its answer'))];
    }
    const added = accumulates ? piece.text.slice(this.#text.length) : piece.text;
    const events: GenerationEvent[] = [...this.#begin()];
    if (added !== '' || positions.length > 0) {
      events.push(this.#writer.text(this.#index, added, positions, this.#text.length));
    }
    this.#text += added;
    return events;
  }

  /** What the end of the replies means. */
  end(): readonly GenerationEvent[] {
    if (!this.#begun) return [failed(garbageFailure('the model ended its stream without an answer'))];
    const reason = this.#question.tellsFinishReason ? this.#finishReason : this.#derivedReason();
    if (reason === null) {
      return [failed(garbageFailure('the stream ended before the answer had finished'))];
    }
    // vLLM's words for a generation that it gave up, as when it shuts down.
    if (reason === 'abort' || reason === 'error') {
      return [failed(garbageFailure('the engine gave up its answer'))];
    }
    return [this.#writer.finish(this.#index, reason)];
  }

  #begin(): readonly GenerationEvent[] {
    if (this.#begun) return [];
    this.#begun = true;
    const role = this.#writer.role(this.#index);
    return role === null ? [] : [role];
  }

  #count(piece: AnswerPiece): void {
    this.#finishReason = piece.finishReason ?? this.#finishReason;
    this.#inputTokens = piece.inputTokens ?? this.#inputTokens;
    if (piece.outputTokens === null) return;
    this.#outputTokens = this.#question.backend.countsWholeAnswer
      ? piece.outputTokens
      : (this.#outputTokens ?? 0) + piece.outputTokens;
  }

  #countedTokens(): number | null {
    return this.#outputTokens ?? this.#question.tokens?.idsOf(this.#text).length ?? null;
  }

  /** An answer as long as was allowed was cut there. */
  #derivedReason(): string | null {
    const counted = this.#countedTokens();
    if (counted === null) return null;
    return counted >= this.#question.maxTokens ? 'length' : 'stop';
  }

  #positionsOf({ logprobs }: AnswerPiece): readonly ListedPosition[] | EngineFailure {
    if (!this.#question.wantsLogprobs || logprobs === null || logprobs === 'null') return [];
    const positions = parseVllmLogprobs(logprobs);
    if (positions === null) {
      return garbageFailure('the engine wrote log-probabilities in a form that is not known');
    }
    return hasNaN(positions)
      ? corruptFailure('the engine computed log-probabilities that are no numbers (NaN)')
      : positions;
  }
}

function failed(failure: EngineFailure): GenerationEvent {
  return { type: 'failure', failure };
}
