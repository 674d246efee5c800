import { z } from 'zod';
import type { AnchorQuality } from '../contracts/anchors.ts';
import type { CanaryQuality } from '../contracts/canaries.ts';
import type { DifficultyQuality, LaneQuality } from '../contracts/quality.ts';

/** The reply of `GET /v1/feedback/policies/{name}`: what is proven of a policy's labels, stratum by stratum. */
const estimate = z.object({ value: z.number(), low: z.number(), high: z.number(), labels: z.int() });

const alarm = z.object({
  at: z.number().meta({ description: 'Milliseconds since 1970.' }),
  detail: z.string(),
});

const stratumSchema = z
  .object({
    stratum: z.string().meta({ example: 'rubric:harmless@2 length:short' }),
    state: z.enum(['cold', 'certified', 'blocked']).meta({
      description:
        '`cold`: too little is known, everything goes to the last tier. `certified`: small tiers decide where the certificate allows it. `blocked`: enough is known, and small tiers do not reach the target.',
    }),
    reason: z.string(),
    certificate: z.string().nullable(),
    last_alarm: alarm.nullable().meta({ description: 'The last drift that took a certificate back.' }),
    observations: z.int().meta({ description: 'Items judged by every tier, chosen by chance.' }),
    awaiting_gold: z.int().nullable().meta({
      description:
        'Judged items that your gold labels would make evidence; null where a judge is the reference.',
    }),
    next_look: z.int().nullable().meta({ description: 'Observations at which a certificate is tried next.' }),
    released: z.int().meta({ description: 'Labels that the certificate in force released.' }),
    audited: z.int().meta({ description: 'Those of them that the last tier judged too.' }),
    disagreed: z.int().meta({ description: 'Audited labels that the last tier would have given otherwise.' }),
    gold_agreement: estimate.nullable().meta({
      description: 'Agreement of released labels with your gold labels, with its 90 % interval.',
    }),
  })
  .meta({ id: 'StratumQuality' });

const anchorSchema = z
  .object({
    judge: z.string(),
    items: z.int().meta({ description: 'Items of the anchor set.' }),
    known: z.int().meta({ description: 'Those that the judge has answered, as it is now.' }),
    repeated: z.int().meta({ description: 'Answers beyond the first to each item.' }),
    changed: z.int().meta({ description: 'Those of them that differ from the first.' }),
    gold: z.int().meta({ description: 'Answered items that have a gold label.' }),
    right: z.int().meta({ description: 'Those of them whose newest answer is the gold label.' }),
    last_alarm: alarm.nullable(),
  })
  .meta({ id: 'AnchorQuality' });

const canarySchema = z
  .object({
    share: z.number().meta({ description: 'Probability with which a judged pair has a canary behind it.' }),
    items: z.int().meta({ description: 'Pairs in the file.' }),
    asked: z.int().meta({ description: 'Canaries that were sent and ended.' }),
    judged: z.int().meta({ description: 'Those of them that came to a label.' }),
    agreed: z.int().meta({ description: 'Those of these whose label is the gold one.' }),
    agreement: z.object({ value: z.number(), low: z.number(), high: z.number() }).nullable().meta({
      description: 'agreed / judged with its exact 95 % interval; null while nothing was judged.',
    }),
    since: z.number().meta({ description: 'Milliseconds since 1970.' }),
  })
  .meta({ id: 'CanaryQuality' });

const difficultySchema = z
  .object({
    outcomes: z.int().meta({ description: 'Items whose outcome was learned from.' }),
    auroc: z.object({ value: z.number(), low: z.number(), high: z.number() }).nullable().meta({
      description:
        'P(an item that the small tiers do not decide was foretold as harder than one that they do), with its 95 % interval; .5 is a coin, and then nothing is skipped. null until learned.',
    }),
  })
  .meta({ id: 'DifficultyQuality' });

export const qualityReplySchema = z
  .object({
    object: z.literal('policy'),
    policy: z.string(),
    strata: z.array(stratumSchema),
    difficulty: difficultySchema.nullable(),
    anchors: z.array(anchorSchema).meta({
      description: 'How each judge answers the anchor set; empty where the policy has none.',
    }),
    canaries: canarySchema.nullable().meta({
      description: 'How the policy labels its canary pairs, over all teams; null where it has none.',
    }),
  })
  .meta({ id: 'PolicyQuality' });

export interface PolicyQuality {
  readonly lanes: readonly LaneQuality[];
  readonly difficulty: DifficultyQuality | null;
  readonly anchors: readonly AnchorQuality[];
  readonly canaries: CanaryQuality | null;
}

export function renderQuality(
  policy: string,
  { lanes, difficulty, anchors, canaries }: PolicyQuality,
): z.infer<typeof qualityReplySchema> {
  const strata = lanes.map((lane) => ({
    stratum: lane.stratum,
    state: lane.state,
    reason: lane.reason,
    certificate: lane.certificate,
    last_alarm: lane.lastAlarm,
    observations: lane.observations,
    awaiting_gold: lane.awaitingGold,
    next_look: lane.nextLook,
    released: lane.released,
    audited: lane.audited,
    disagreed: lane.disagreed,
    gold_agreement: lane.goldAgreement,
  }));
  return {
    object: 'policy',
    policy,
    strata,
    difficulty,
    anchors: anchors.map(({ lastAlarm, ...same }) => ({ ...same, last_alarm: lastAlarm })),
    canaries,
  };
}
