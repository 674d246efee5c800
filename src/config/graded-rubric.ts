import { z } from 'zod';
import { MOST_POINTS } from '../domain/rubric.ts';
import type { RubricFile } from './rubrics.ts';

/**
 * Rubrics in the shape of model-graded evaluations: a map of names to a `prompt`, the choices of the grader
 * (`choice_strings`) and what each is worth (`choice_scores`). Each becomes a rubric of one criterion: the
 * prompt is its text, the choices are the points of its scale. What can not be kept so is refused: choices
 * whose scores are not evenly spaced, and prompts about several responses.
 */
const spec = z.looseObject({
  prompt: z.string().min(1).max(20_000),
  choice_strings: z.union([z.string().min(2), z.array(z.string().min(1)).min(2)]),
  choice_scores: z.union([z.literal('from_strings'), z.record(z.string(), z.number())]),
});

type Spec = z.infer<typeof spec>;

/** True for a file of this shape: its values are maps with choices. */
export function isGraded(data: unknown): boolean {
  if (typeof data !== 'object' || data === null || 'criteria' in data) return false;
  return Object.values(data).some(
    (value) => typeof value === 'object' && value !== null && 'choice_strings' in value,
  );
}

export const gradedSchema = z.record(z.string().min(1).max(64), spec).transform((specs, context) =>
  Object.entries(specs).flatMap(([name, given]): RubricFile[] => {
    const problems = [...promptProblems(given), ...choiceProblems(given)];
    for (const { path, message } of problems) {
      context.addIssue({ code: 'custom', path: [name, path], message });
    }
    return problems.length > 0 ? [] : [toRubricFile(name, given)];
  }),
);

/** What placeholders stand for here, where the texts are shown in fences of their own. */
const PLACES: Readonly<Record<string, string>> = {
  input: 'the prompt',
  question: 'the prompt',
  query: 'the prompt',
  completion: 'the response',
  response: 'the response',
  output: 'the response',
  ideal: 'the reference',
  reference: 'the reference',
  expected: 'the reference',
};

const PLACEHOLDER = /\{(\w+)\}/g;

interface SpecProblem {
  readonly path: 'prompt' | 'choice_strings' | 'choice_scores';
  readonly message: string;
}

function promptProblems({ prompt }: Spec): SpecProblem[] {
  const unknown = [...prompt.matchAll(PLACEHOLDER)]
    .map(([, name = '']) => name)
    .filter((name) => !(name in PLACES));
  return [...new Set(unknown)].map((name) => ({
    path: 'prompt',
    message: `{${name}} has no place in a score of one response; known: ${Object.keys(PLACES).join(', ')}`,
  }));
}

function choiceProblems(given: Spec): SpecProblem[] {
  const levels = levelsOf(given);
  if (levels.some(({ score }) => !Number.isFinite(score))) {
    return [{ path: 'choice_scores', message: 'needs a number for each of the choice_strings' }];
  }
  if (levels.length < 2) return [{ path: 'choice_scores', message: 'gives all choices the same score' }];
  if (levels.length > MOST_POINTS) {
    return [
      {
        path: 'choice_strings',
        message: `has ${levels.length} scores; at most ${MOST_POINTS} can be told apart`,
      },
    ];
  }
  const step = stepOf(levels);
  const isEven = levels.every(
    ({ score }, index) => Math.abs(score - (levels[0]?.score ?? 0) - index * step) < 1e-9,
  );
  return isEven
    ? []
    : [{ path: 'choice_scores', message: 'must be evenly spaced, as the points of a scale are' }];
}

interface Level {
  readonly score: number;
  /** Choices that are worth it. */
  readonly choices: readonly string[];
}

/** From the worst to the best. */
function levelsOf({ choice_strings: strings, choice_scores: scores }: Spec): Level[] {
  const choices = [...new Set(typeof strings === 'string' ? strings.split('') : strings)];
  const scoreOf = (choice: string): number =>
    scores === 'from_strings' ? Number(choice) : (scores[choice] ?? Number.NaN);
  return [...Map.groupBy(choices, scoreOf)]
    .map(([score, same]) => ({ score, choices: same }))
    .toSorted((one, other) => one.score - other.score);
}

function stepOf(levels: readonly Level[]): number {
  return (levels[1]?.score ?? 0) - (levels[0]?.score ?? 0);
}

function toRubricFile(name: string, given: Spec): RubricFile {
  const levels = levelsOf(given);
  const first = levels[0]?.score ?? 0;
  // Whole scores keep their numbers; others become 0, 1, 2 ….
  const min = stepOf(levels) === 1 && Number.isInteger(first) ? first : 0;
  return {
    name: name.toLowerCase().replaceAll(/[^a-z0-9-]+/g, '-'),
    version: 1,
    criteria: [
      {
        name: 'grade',
        text: given.prompt.replaceAll(PLACEHOLDER, (_, place: string) => PLACES[place] ?? ''),
        weight: 1,
        scale: { min, max: min + levels.length - 1 },
        anchors: levels.map(({ choices }, index) => ({
          score: min + index,
          text: `what the criterion calls ${choices.map((choice) => `"${choice}"`).join(' or ')}`,
        })),
      },
    ],
  };
}
