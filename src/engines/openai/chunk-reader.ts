import type { EngineFailure, GenerationEvent } from '../../contracts/engine.ts';
import { parseErrorBody } from './error-body.ts';
import { corruptFailure, garbageFailure, streamFailure, unreadableFailure } from './failures.ts';
import { isObject, type JsonObject, parseObject } from './json.ts';
import { type EngineUsage, readUsage, toUsage, UNKNOWN_USAGE } from './usage.ts';

/**
 * Reads the events of one generation and knows whether it was complete: the end marker came, and every
 * choice had finished by itself. Anything less is a failure, because a cut answer looks like a short one.
 */
export class ChunkReader {
  readonly #needsMarker: boolean;
  /** Choices that have begun and not finished. */
  readonly #open = new Set<number>();
  #finished = 0;
  #marked = false;
  #usage = UNKNOWN_USAGE;

  /** With `needsMarker`, finish reasons alone do not make a stream complete. */
  constructor(needsMarker: boolean) {
    this.#needsMarker = needsMarker;
  }

  /** What the engine has told so far; engines tell it in the last chunk. */
  get usage(): EngineUsage {
    return this.#usage;
  }

  /** One event of the stream; null when there is nothing to pass on (the end marker). */
  read(data: string): GenerationEvent | null {
    if (data === '[DONE]') {
      this.#marked = true;
      return null;
    }
    const value = parseObject(data);
    if (value === null) return failed(unreadableFailure(data));
    if (value['error'] !== undefined && value['error'] !== null) {
      return failed(streamFailure(parseErrorBody(value)));
    }
    this.#usage = readUsage(value['usage']) ?? this.#usage;
    const problem = this.#followChoices(value['choices']);
    return problem === null ? { type: 'chunk', data, value } : failed(problem);
  }

  /** What the end of the HTTP reply means. */
  end(): GenerationEvent {
    const finished = this.#open.size === 0 && this.#finished > 0;
    if (!finished || (this.#needsMarker && !this.#marked)) {
      return failed(
        garbageFailure(
          this.#marked
            ? 'the engine ended its stream before every choice had finished'
            : 'the stream ended before its end marker',
        ),
      );
    }
    return { type: 'end', usage: toUsage(this.#usage) };
  }

  /** What it means that the connection failed: nothing, when the whole stream had come before. */
  cut(failure: EngineFailure): GenerationEvent {
    const end = this.end();
    return this.#marked && end.type === 'end' ? end : failed(failure);
  }

  #followChoices(choices: unknown): EngineFailure | null {
    if (!Array.isArray(choices)) return null;
    for (const choice of choices) {
      if (!isObject(choice)) continue;
      const problem = this.#followChoice(choice);
      if (problem !== null) return problem;
    }
    return null;
  }

  #followChoice(choice: JsonObject): EngineFailure | null {
    const index = typeof choice['index'] === 'number' ? choice['index'] : 0;
    if (hasNullLogprob(choice['logprobs'])) {
      return corruptFailure('the engine computed log-probabilities that are no numbers (NaN)');
    }
    const reason = choice['finish_reason'];
    if (reason === undefined || reason === null) {
      this.#open.add(index);
      return null;
    }
    // vLLM's words for a generation that it gave up, as when it shuts down.
    if (reason === 'abort' || reason === 'error') return garbageFailure('the engine gave up its answer');
    this.#open.delete(index);
    this.#finished += 1;
    return null;
  }
}

function failed(failure: EngineFailure): GenerationEvent {
  return { type: 'failure', failure };
}

/** In a chat stream NaN arrives as null. (Completions have lawful nulls, for the first token of an echo.) */
function hasNullLogprob(logprobs: unknown): boolean {
  if (!isObject(logprobs) || !Array.isArray(logprobs['content'])) return false;
  return logprobs['content'].some((token) => isObject(token) && token['logprob'] === null);
}
