import { z } from 'zod';
import type { CritiqueStep } from '../domain/critique.ts';
import type { CriterionScore } from '../domain/score.ts';
import type { CohortPlace } from '../domain/ranking.ts';
import { pointsOf } from '../domain/rubric.ts';
import type { FeedbackResult } from '../domain/verdict.ts';
import { costSchema, renderCost } from './cost.ts';

/** What verdicts carry that are no preferences, as the API shows it: one of `score`, `critique`, `ranking`. */
const share = z.number().min(0).max(1);

const scoreSchema = z
  .object({
    score: share.meta({ description: 'Weighted mean over the criteria; 0 is the worst, 1 the best.' }),
    criteria: z.array(
      z.object({
        criterion: z.string(),
        expected: z.number().meta({ description: 'Expectation over the score tokens, on the scale.' }),
        score: share.meta({ description: 'The same from 0 to 1.' }),
        scale: z.object({ min: z.int(), max: z.int() }),
        probabilities: z
          .record(z.string(), share)
          .meta({ description: 'P(point) of the scale; they sum to 1.', example: { '1': 0.1, '2': 0.9 } }),
        confidence: share.meta({
          description: '1 for all probability on one point, 0 for halves at both ends.',
        }),
        label_mass: share,
      }),
    ),
  })
  .meta({ id: 'Score' });

const critiqueSchema = z
  .object({
    steps: z.array(
      z.object({
        principle: z.string(),
        response: z.string().meta({ description: 'The response that was looked at.' }),
        critique: z.string(),
        evidence: z
          .array(z.object({ start: z.int().min(0), end: z.int().min(0), text: z.string() }))
          .nullable()
          .meta({
            description: 'Quotes that stand in the response, by UTF-16 offsets; null when not asked for.',
          }),
        revision: z
          .string()
          .nullable()
          .meta({ description: 'The response after it; null when not asked for.' }),
        reasoning: z.string().nullable(),
        cost: costSchema,
      }),
    ),
    revision: z.string().nullable().meta({ description: 'The last revision; null when none was asked for.' }),
    improvement: share.nullable().meta({
      description:
        'P(the last revision is better than the response) by the judge that compares; null without one.',
    }),
  })
  .meta({ id: 'Critique' });

const rankingSchema = z
  .object({
    method: z.enum(['all_pairs', 'circular', 'adaptive']),
    rewards: z.array(z.number()).meta({
      description: 'Bradley-Terry strengths in log-odds, in the order of the candidates; they sum to 0.',
    }),
    standard_errors: z.array(z.number().min(0)),
    order: z.array(z.int().min(0)).meta({ description: 'Positions of the candidates, best first.' }),
    ranks: z.array(z.number().min(1)).meta({ description: '1 is the best; equal rewards share the mean.' }),
    comparisons: z.object({ judged: z.int(), failed: z.int(), possible: z.int() }),
    cohort: z
      .object({
        id: z.string(),
        size: z.int(),
        members: z.array(z.string()).meta({
          description: 'Ids of the items in the order in which they came: the candidates of the ranking.',
        }),
        position: z.int().min(0).meta({ description: 'Place of this item among them.' }),
        reward: z.number().meta({ description: 'Its reward.' }),
      })
      .optional()
      .meta({ description: 'There when the candidates came one by one.' }),
  })
  .meta({ id: 'Ranking' });

/** Fields of a verdict, at most one of them there. */
export const resultFields = {
  score: scoreSchema.optional().meta({ description: 'Scores alone have it.' }),
  critique: critiqueSchema.optional().meta({ description: 'Critiques and revisions alone have it.' }),
  ranking: rankingSchema.optional().meta({ description: 'Rankings alone have it.' }),
};

type WireResult = z.infer<z.ZodObject<typeof resultFields>>;

export function renderResult(result: FeedbackResult | undefined): WireResult {
  switch (result?.kind) {
    case undefined:
      return {};
    case 'score':
      return { score: { score: result.score, criteria: result.criteria.map(renderCriterion) } };
    case 'critique':
      return {
        critique: {
          steps: result.steps.map(renderStep),
          revision: result.steps.at(-1)?.revision ?? null,
          improvement: result.improvement,
        },
      };
    case 'ranking': {
      const { method, rewards, standardErrors, order, ranks, comparisons, cohort } = result;
      return {
        ranking: {
          method,
          rewards: [...rewards],
          standard_errors: [...standardErrors],
          order: [...order],
          ranks: [...ranks],
          comparisons,
          ...(cohort === undefined ? {} : { cohort: renderPlace(cohort, rewards) }),
        },
      };
    }
  }
}

function renderPlace({ members, ...place }: CohortPlace, rewards: readonly number[]) {
  return { ...place, members: [...members], reward: rewards[place.position] ?? 0 };
}

function renderCriterion(read: CriterionScore): z.infer<typeof scoreSchema>['criteria'][number] {
  const { criterion, expected, score, scale, probabilities, confidence, labelMass } = read;
  const points = pointsOf(scale).map((point, index) => [String(point), probabilities[index] ?? 0]);
  return {
    criterion,
    expected,
    score,
    scale,
    probabilities: Object.fromEntries(points),
    confidence,
    label_mass: labelMass,
  };
}

function renderStep(step: CritiqueStep): z.infer<typeof critiqueSchema>['steps'][number] {
  const { evidence, cost, ...texts } = step;
  return { ...texts, evidence: evidence === null ? null : [...evidence], cost: renderCost(cost) };
}
