import { tokenize } from './tokenizer.ts';
import { TURN_END } from './vocabulary.ts';

/** Texts of which an answer must be one; kept as tokens. */
export type Constraint = readonly (readonly number[])[];

export function oneOf(texts: readonly string[]): Constraint {
  return texts.map(tokenize);
}

/** How far one answer has come under a constraint. */
export class ConstraintProgress {
  #alive: Constraint;
  #length = 0;

  constructor(constraint: Constraint) {
    this.#alive = constraint;
  }

  /** Tokens that may come next; the end of the turn when a text is whole. */
  allowed(): number[] {
    return [...new Set(this.#alive.map((tokens) => tokens[this.#length] ?? TURN_END))];
  }

  advance(token: number): void {
    this.#alive = this.#alive.filter((tokens) => tokens[this.#length] === token);
    this.#length += 1;
  }
}
