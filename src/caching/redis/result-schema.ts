import { z } from 'zod';
import type { RoutingResult } from '../../contracts/routing.ts';
import { ERRORS, type ErrorCode } from '../../domain/errors.ts';
import type { ScoreJudgment } from '../../domain/score.ts';

/**
 * What a result must look like to be believed when it comes from outside this process. The types of the
 * domain decide: a field that changes there does not compile here.
 */
const probability = z.number().min(0).max(1);
const order = z.enum(['ab', 'ba']);
const route = z.enum(['label_ids', 'top_logprobs', 'generation_logits', 'forced']);

// Object.keys forgets the type of the keys that it gives.
const codes = Object.keys(ERRORS) as ErrorCode[];
const problem = z.strictObject({
  code: z.enum(codes),
  message: z.string(),
  param: z.string().nullable(),
});

const cost = z.strictObject({
  nanoUsd: z.number(),
  usage: z.strictObject({
    inputTokens: z.number(),
    cachedInputTokens: z.number(),
    outputTokens: z.number(),
  }),
  engineSeconds: z.number(),
});

const probabilities = z.strictObject({ a: probability, b: probability, tie: probability });

const flag = z.enum([
  'position_inconsistent',
  'censored_logprobs',
  'single_order',
  'uncertified',
  'evidence_dropped',
  'incomplete',
  'self_judged',
]);

const key = z.strictObject({
  id: z.string(),
  parts: z.strictObject({
    model: z.string(),
    precision: z.string().nullable(),
    prompt: z.string(),
    promptHash: z.string(),
    orders: z.enum(['one', 'both']),
    route: route.nullable(),
    engine: z.string(),
    fingerprint: z.string().nullable(),
  }),
});

const preference = z.strictObject({
  key,
  probabilities,
  confidence: probability,
  orderGap: probability.nullable(),
  labelMass: z.number(),
  readings: z.array(
    z.strictObject({
      order,
      probabilities,
      worstCase: z.number(),
      censored: z.boolean(),
      mass: z.number(),
    }),
  ),
  flags: z.array(flag),
});

const score = z.strictObject({
  key,
  // Sums of rounded products may miss the ends of [0, 1] by a hair.
  score: z.number(),
  confidence: z.number(),
  criteria: z.array(
    z.strictObject({
      criterion: z.string(),
      scale: z.strictObject({ min: z.number(), max: z.number() }),
      expected: z.number(),
      score: z.number(),
      probabilities: z.array(z.number()),
      confidence: z.number(),
      labelMass: z.number(),
      censored: z.boolean(),
    }),
  ),
  flags: z.array(flag),
});

const trailEntry = z.looseObject({
  tier: z.string(),
  judge: z.string(),
  engine: z.string(),
  model: z.string(),
  precision: z.string().nullable(),
  replica: z.string().nullable(),
  pick: z.string().nullable(),
  attempts: z.number(),
  coalesced: z.number().nullable(),
  prompt: z.string(),
  order: order.nullable(),
  pFirst: z.number().nullable(),
  pTie: z.number().nullable(),
  labelMass: z.number().nullable(),
  route: route.nullable(),
  fingerprint: z.string().nullable(),
  cost,
  ms: z.number(),
  queuedMs: z.number(),
  problem: problem.nullable(),
});

const resultOf = <J extends z.ZodType>(judgment: J) =>
  z.strictObject({
    end: z.discriminatedUnion('type', [
      z.strictObject({
        type: z.literal('accepted'),
        tier: z.string(),
        judgment,
        certificate: z.string().nullable(),
        basis: z.enum(['certificate', 'reference', 'threshold']),
      }),
      z.strictObject({ type: z.literal('abstained'), tier: z.string(), judgment }),
      z.strictObject({ type: z.literal('failed'), problem }),
    ]),
    trail: z.array(trailEntry),
    decisions: z.array(z.strictObject({ tier: z.string(), accepted: z.boolean(), reason: z.string() })),
    difficulty: probability.nullable(),
    inclusion: z.number().gt(0).max(1),
  });

export const routingResultSchema = resultOf(preference) satisfies z.ZodType<RoutingResult>;
export const scoreResultSchema = resultOf(score) satisfies z.ZodType<RoutingResult<ScoreJudgment>>;
