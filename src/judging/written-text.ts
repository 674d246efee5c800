import type { GenerationEvent } from '../contracts/engine.ts';
import type { Problem } from '../domain/errors.ts';

/** What a model wrote: its text, and apart from it what it thought before. */
export interface WrittenText {
  readonly text: string;
  /** Null when it told no thoughts. */
  readonly reasoning: string | null;
  readonly fingerprint: string | null;
}

export type Writing =
  | { readonly ok: true; readonly value: WrittenText }
  | { readonly ok: false; readonly problem: Problem; readonly fingerprint: string | null };

/** Characters of an answer; engines end at the token limit long before. */
const MOST_CHARACTERS = 400_000;
/** Characters of thoughts that are told to callers; the rest was read and paid, and nobody asks for it again. */
export const MOST_REASONING = 8_000;

/**
 * Gathers one streamed answer. An answer that was cut, is empty or was refused is a typed problem, never a
 * shorter text. Thoughts stand in fields of their own, or in the text before `</think>`.
 */
export async function gatherText(
  events: AsyncIterable<GenerationEvent>,
  onChunk?: (chunk: Readonly<Record<string, unknown>>) => void,
): Promise<Writing> {
  const draft = new Draft();
  for await (const event of events) {
    if (event.type === 'chunk') {
      draft.add(event.value);
      onChunk?.(event.value);
      if (draft.isTooLong)
        return draft.failed('truncated', `the answer is longer than ${MOST_CHARACTERS} characters`);
    } else if (event.type === 'failure') return draft.failed(event.failure.code, event.failure.message);
    else return draft.finish();
  }
  return draft.failed('engine_error', 'the engine broke off its answer');
}

class Draft {
  #content = '';
  #thoughts = '';
  #refusal = '';
  #finish: string | null = null;
  #fingerprint: string | null = null;

  get isTooLong(): boolean {
    return this.#content.length + this.#thoughts.length > MOST_CHARACTERS;
  }

  add(chunk: Readonly<Record<string, unknown>>): void {
    const fingerprint = chunk['system_fingerprint'];
    if (typeof fingerprint === 'string') this.#fingerprint = fingerprint;
    const choice: unknown = Array.isArray(chunk['choices']) ? chunk['choices'][0] : undefined;
    if (!isObject(choice)) return;
    if (typeof choice['finish_reason'] === 'string') this.#finish = choice['finish_reason'];
    const delta = choice['delta'] ?? choice['message'];
    if (!isObject(delta)) return;
    this.#content += textOf(delta['content']);
    this.#thoughts += textOf(delta['reasoning_content']) || textOf(delta['reasoning']);
    this.#refusal += textOf(delta['refusal']);
  }

  failed(code: Problem['code'], message: string): Writing {
    return { ok: false, problem: { code, message, param: null }, fingerprint: this.#fingerprint };
  }

  finish(): Writing {
    if (this.#refusal !== '' || this.#finish === 'content_filter') {
      return this.failed('refused', 'the model refused to write');
    }
    if (this.#finish === 'length') {
      return this.failed('truncated', 'the answer was cut at the limit of its tokens');
    }
    const { thoughts, text } = splitThoughts(this.#content);
    if (text.startsWith('<think>')) return this.failed('truncated', 'the thoughts of the model have no end');
    if (text === '') return this.failed('unparseable', 'the model wrote nothing');
    const reasoning = (this.#thoughts + thoughts).trim();
    return {
      ok: true,
      value: {
        text,
        reasoning: reasoning === '' ? null : reasoning,
        fingerprint: this.#fingerprint,
      },
    };
  }
}

/** Templates may open the thoughts in the prompt, so that the text has the closing mark alone. */
function splitThoughts(content: string): { readonly thoughts: string; readonly text: string } {
  const end = content.indexOf('</think>');
  if (end === -1) return { thoughts: '', text: content.trim() };
  const thoughts = content.slice(0, end).replace(/^\s*<think>/, '');
  return { thoughts, text: content.slice(end + '</think>'.length).trim() };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
