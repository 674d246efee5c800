import { section } from './pair-prompt.ts';

/** A question for a score, as a prompt asks it. */
export interface ScoreQuestion {
  readonly response: string;
  /** What comes before the texts of the item: the criterion. */
  readonly criterion: string;
  /** What may be answered, from the worst to the best. */
  readonly signs: readonly string[];
}

const OPENING = /\[(?:prompt|response) ([a-z0-9]+)\]\n/;
const ANSWERS = /\(([^()]+)\):\s*$/;

/**
 * Finds a question for a score: a text between `[response CODE]` and its closing mark, and at the end the
 * answers in brackets, as in `The score (1, 2 or 3):` or `(A = 1, B = 2 or C = 3):`.
 */
export function findScoreQuestion(text: string): ScoreQuestion | null {
  const answers = ANSWERS.exec(text)?.[1];
  const opening = OPENING.exec(text);
  if (answers === undefined || opening === null) return null;
  const response = section(text, 'response', opening[1] ?? '', opening.index);
  if (response === null) return null;
  const signs = answers.split(/, | or /).map((answer) => answer.split(' = ')[0] ?? '');
  if (signs.length < 2 || signs.some((sign) => !/^[0-9A-Z]$/.test(sign))) return null;
  return { response: response.text, criterion: text.slice(0, opening.index), signs };
}
