import type { LabelDistribution } from '../../domain/distribution.ts';
import type { LabelSet } from '../label-set.ts';
import { isObject } from './json.ts';
import { type LabelReading, readLabels } from './label-reading.ts';

/**
 * Reads an answer that numbers its labels, one for each item: `1: A`, `2: C`. A label counts only in its own
 * place, as the token right behind its number; where the answer leaves that form, reading ends, and the items
 * that come after have no label. Nothing is searched for in what else was written.
 */
export class NumberedLabels {
  readonly #set: LabelSet;
  readonly #count: number;
  readonly #read: LabelDistribution[] = [];
  /** What was written since the last label. */
  #between = '';
  #isOver = false;
  #failure: Extract<LabelReading, { ok: false }> | null = null;

  /** `set` is keyed by text: the words between the labels must be read as well. */
  constructor(set: LabelSet, count: number) {
    this.#set = set;
    this.#count = count;
  }

  /** `position` is the next element of `logprobs.content`. */
  add(position: unknown): void {
    if (this.#isOver) return;
    const text = textOf(position);
    if (text === null) this.#isOver = true;
    else if (this.#isPlaceOfLabel() && text.trim() !== '') this.#take(position, text);
    else if (this.#startOf(this.#between + text)) this.#between += text;
    else this.#isOver = true;
  }

  /** One for each item, of mass 0 where the answer has no label in its place; or what is wrong with its numbers. */
  end(): readonly LabelDistribution[] | Extract<LabelReading, { ok: false }> {
    if (this.#failure !== null) return this.#failure;
    return Array.from({ length: this.#count }, (_, place) => this.#read[place] ?? unread(this.#set));
  }

  #take(position: unknown, text: string): void {
    const reading = readLabels(this.#set, 'top_logprobs', position);
    // A word that is no label leaves the form: what the model would say after it is another answer.
    this.#isOver = !reading.ok || !this.#set.tokens.has(text);
    if (!reading.ok) this.#failure = reading;
    else if (!this.#isOver) this.#read.push(reading.distribution);
    this.#between = '';
    this.#isOver ||= this.#read.length === this.#count;
  }

  #isPlaceOfLabel(): boolean {
    return this.#between.trim() === this.#heading();
  }

  /** What is written before the next label may still become its number. */
  #startOf(text: string): boolean {
    return this.#heading().startsWith(text.trim());
  }

  #heading(): string {
    return `${this.#read.length + 1}:`;
  }
}

function unread({ names }: LabelSet): LabelDistribution {
  const labels = Object.fromEntries(names.map((name) => [name, { probability: 0, atMost: 1 }]));
  return { labels, mass: 0, route: 'top_logprobs' };
}

function textOf(position: unknown): string | null {
  const token = isObject(position) ? position['token'] : undefined;
  return typeof token === 'string' ? token : null;
}
