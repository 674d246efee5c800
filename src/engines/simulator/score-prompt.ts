import { section } from './pair-prompt.ts';

/** A question for one score or several, as a prompt asks it. */
export interface ScoreQuestion {
  readonly response: string;
  /** What comes before the texts of the item: the criteria. */
  readonly criterion: string;
  /** For each score what may be answered, from the worst to the best. */
  readonly scales: readonly (readonly string[])[];
}

const OPENING = /\[(?:prompt|response) ([a-z0-9]+)\]\n/;
const ANSWERS = /\(([^()]+)\):\s*$/;

/**
 * Finds a question for scores: a text between `[response CODE]` and its closing mark, and at the end the
 * answers in brackets, as in `The score (1, 2 or 3):`, `(A = 1, B = 2 or C = 3):`, or for several scores, one
 * on each line, `(line 1: 1, 2 or 3; line 2: 0 or 1):`.
 */
export function findScoreQuestion(text: string): ScoreQuestion | null {
  const answers = ANSWERS.exec(text)?.[1];
  const opening = OPENING.exec(text);
  if (answers === undefined || opening === null) return null;
  const response = section(text, 'response', opening[1] ?? '', opening.index);
  if (response === null) return null;
  const scales = answers.split('; ').map((line) => signsOf(line.replace(/^line \d+: /, '')));
  if (scales.some((signs) => signs.length < 2 || signs.some((sign) => !/^[0-9A-Z]$/.test(sign)))) return null;
  return { response: response.text, criterion: text.slice(0, opening.index), scales };
}

function signsOf(answers: string): string[] {
  return answers.split(/, | or /).map((answer) => answer.split(' = ')[0] ?? '');
}
