import { z } from 'zod';
import { ERRORS, type Problem } from '../domain/errors.ts';

/** The OpenAI error envelope, the one shape of every failure on every surface. */
export const errorSchema = z
  .object({
    message: z
      .string()
      .meta({ description: 'What is wrong and where; all problems, when there are several.' }),
    type: z.string().meta({ description: 'OpenAI error type.' }),
    param: z.string().nullable().meta({ description: 'Place in the request, such as `items[3].prompt`.' }),
    code: z.string().meta({ description: 'Stable code; docs/errors.md lists all of them.' }),
  })
  .meta({ id: 'Error' });

export const envelopeSchema = z
  .object({
    error: errorSchema.extend({
      details: z
        .array(z.object({ param: z.string().nullable(), message: z.string() }))
        .optional()
        .meta({ description: 'One entry per problem, when there are several.' }),
    }),
  })
  .meta({ id: 'ErrorEnvelope' });

export type WireError = z.infer<typeof errorSchema>;
export type WireEnvelope = z.infer<typeof envelopeSchema>;

/** Problems that one envelope lists; the rest are counted. Keeps the answer to a hostile body small. */
const MOST_LISTED = 20;

export function renderProblem(problem: Problem): WireError {
  return {
    message: problem.message,
    type: ERRORS[problem.code].type,
    param: problem.param,
    code: problem.code,
  };
}

/** The envelope of one or more problems; the first decides type and code. */
export function renderEnvelope(first: Problem, ...others: readonly Problem[]): WireEnvelope {
  if (others.length === 0) return { error: renderProblem(first) };
  const problems = [first, ...others];
  const listed = problems.slice(0, MOST_LISTED).map(({ param, message }) => ({ param, message }));
  return {
    error: { ...renderProblem(first), message: listProblems(problems), details: listed },
  };
}

/** All messages in one line, at most 20 of them. */
export function listProblems(problems: readonly Problem[]): string {
  const messages = problems.slice(0, MOST_LISTED).map((problem) => problem.message);
  const more = problems.length - messages.length;
  return messages.join('; ') + (more > 0 ? `; and ${more} more` : '');
}
