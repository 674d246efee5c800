import type { EngineFailure, GenerationEvent } from '../../contracts/engine.ts';
import { parseErrorBody } from './error-body.ts';
import { readFinishReason } from './finish-reason.ts';
import { corruptFailure, garbageFailure, streamFailure, unreadableFailure } from './failures.ts';
import { isObject, type JsonObject, parseObject } from './json.ts';
import { type EngineUsage, readUsage, toUsage, UNKNOWN_USAGE } from './usage.ts';

/** What is known of a stream before it comes. */
export interface StreamForm {
  /** Finish reasons alone do not make it complete: an end marker must follow. */
  readonly needsMarker: boolean;
  /** Choices of a complete answer. */
  readonly choices: number;
  /** Each choice ends with a usage of its own (llama.cpp). */
  readonly usageOfOneChoice: boolean;
}

/**
 * Reads the events of one generation and knows whether it was complete: the end marker came, and every
 * choice had finished by itself. Anything less is a failure, because a cut answer looks like a short one.
 */
export class ChunkReader {
  readonly #form: StreamForm;
  /** Choices that have begun and not finished. */
  readonly #open = new Set<number>();
  readonly #done = new Set<number>();
  /** A finish reason of this chunk is not one of OpenAI's words. */
  #hasForeignReason = false;
  #marked = false;
  #usage = UNKNOWN_USAGE;

  constructor(form: StreamForm) {
    this.#form = form;
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
    if ((value['error'] ?? null) !== null || value['object'] === 'error') {
      return failed(streamFailure(parseErrorBody(value)));
    }
    this.#takeUsage(readUsage(value['usage']));
    const problem = this.#followChoices(value['choices']);
    if (problem !== null) return failed(problem);
    return this.#hasForeignReason ? this.#translated(value) : { type: 'chunk', data, value };
  }

  /** What the end of the HTTP reply means. */
  end(): GenerationEvent {
    const finished = this.#open.size === 0 && this.#done.size === this.#form.choices;
    if (!finished || (this.#form.needsMarker && !this.#marked)) {
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

  /** Where each choice has a usage of its own, their answers add up; the prompt is one and the same. */
  #takeUsage(told: EngineUsage | null): void {
    if (told === null) return;
    const before = this.#form.usageOfOneChoice ? this.#usage.outputTokens : 0;
    this.#usage = { ...told, outputTokens: before + told.outputTokens };
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
    const index = choice['index'] ?? 0;
    if (typeof index !== 'number' || !Number.isInteger(index) || index < 0 || index >= this.#form.choices) {
      return garbageFailure('the engine answered with a choice that was not asked for');
    }
    if (hasNullLogprob(choice['logprobs'])) {
      return corruptFailure('the engine computed log-probabilities that are no numbers (NaN)');
    }
    const reason = choice['finish_reason'];
    if (reason === undefined || reason === null) {
      if (!this.#done.has(index)) this.#open.add(index);
      return null;
    }
    const read = readFinishReason(reason);
    if (read === 'gave-up') return garbageFailure('the engine gave up its answer');
    if (this.#done.has(index)) return garbageFailure('the engine finished one choice twice');
    this.#hasForeignReason ||= read !== reason;
    this.#open.delete(index);
    this.#done.add(index);
    return null;
  }

  /** The chunk with finish reasons that clients of OpenAI's interface know. */
  #translated(value: JsonObject): GenerationEvent {
    this.#hasForeignReason = false;
    const choices = Array.isArray(value['choices']) ? value['choices'] : [];
    const translated = {
      ...value,
      choices: choices.map((choice: unknown) =>
        isObject(choice) && (choice['finish_reason'] ?? null) !== null
          ? { ...choice, finish_reason: readFinishReason(choice['finish_reason']) }
          : choice,
      ),
    };
    return { type: 'chunk', data: JSON.stringify(translated), value: translated };
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
