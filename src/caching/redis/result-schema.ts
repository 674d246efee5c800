import { z } from 'zod';
import type { RoutingResult } from '../../contracts/routing.ts';
import { ERRORS, type ErrorCode } from '../../domain/errors.ts';

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

const judgment = z.strictObject({
  key: z.strictObject({
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
  }),
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

const end = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('accepted'),
    tier: z.string(),
    judgment,
    certificate: z.string().nullable(),
    basis: z.enum(['certificate', 'reference', 'threshold']),
  }),
  z.strictObject({ type: z.literal('abstained'), tier: z.string(), judgment }),
  z.strictObject({ type: z.literal('failed'), problem }),
]);

export const routingResultSchema = z.strictObject({
  end,
  trail: z.array(trailEntry),
  decisions: z.array(z.strictObject({ tier: z.string(), accepted: z.boolean(), reason: z.string() })),
  difficulty: probability.nullable(),
  inclusion: z.number().gt(0).max(1),
}) satisfies z.ZodType<RoutingResult>;
