import { z } from 'zod';
import type {
  Certificate,
  CertificateEvidence,
  CertifiedStage,
  SignalName,
} from '../contracts/certificate.ts';
import { judgeKeySchema, renderKey, toKey } from './judge-key.ts';

/** Certificates as files and replies show them: snake case, every number as it is, so that a copy reads back equal. */
const SIGNALS = [
  'margin',
  'order_gap',
  'tie_mass',
  'lost_mass',
  'entropy',
  'length_gap',
  'chosen_longer',
] as const satisfies readonly SignalName[];

const share = z.number().min(0).max(1);
const count = z.int().min(0);

const calibratorSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({ kind: z.literal('platt'), slope: z.number(), intercept: z.number() }),
  z.strictObject({ kind: z.literal('isotonic'), scores: z.array(z.number()), values: z.array(share) }),
]);

const stageSchema = z.strictObject({
  tier: z.string(),
  judge: judgeKeySchema,
  model: z.strictObject({
    intercept: z.number(),
    weights: z.partialRecord(z.enum(SIGNALS), z.number()),
    support: z.array(z.number()),
    trained_on: count,
  }),
  margin: z.number().min(0),
  calibrator: calibratorSchema,
  auroc: z.strictObject({ value: share, low: share, high: share }).nullable(),
});

const evidenceSchema = z.strictObject({
  items: count,
  set_aside: count,
  trained_on: count,
  training: z.enum(['none', 'split', 'cross_fit']),
  accepted: count,
  errors: count,
  bound: share,
  seed: z.int(),
  curve: z
    .array(z.strictObject({ threshold: z.number(), coverage: share, errors: count, bound: share }))
    .max(200),
});

export const certificateSchema = z
  .strictObject({
    id: z.string().regex(/^crt_[0-9a-f]{24}$/),
    format_version: z.literal(1),
    scope: z.strictObject({
      team: z.string(),
      policy: z.string(),
      task: z.literal('preference'),
      stratum: z.string(),
      reference: z.union([judgeKeySchema, z.literal('human')]),
    }),
    target: z.strictObject({ agreement: share, confidence: share }),
    risk: z.enum(['marginal', 'selective']),
    delta: share,
    stages: z.array(stageSchema).min(1),
    threshold: z.number().meta({ description: 'Log-odds of P(agree).' }),
    evidence: evidenceSchema,
    created_at: z.number().meta({ description: 'Milliseconds since 1970.' }),
  })
  .meta({ id: 'Certificate' });

type CertificateBody = z.output<typeof certificateSchema>;

export function renderCertificate(certificate: Certificate): CertificateBody {
  const { formatVersion, scope, stages, evidence, createdAt, ...same } = certificate;
  return {
    ...same,
    format_version: formatVersion,
    scope: { ...scope, reference: scope.reference === 'human' ? 'human' : renderKey(scope.reference) },
    stages: stages.map(renderStage),
    evidence: renderEvidence(evidence),
    created_at: createdAt,
  };
}

/** The certificate of a body that `certificateSchema` has read; its id is not checked against its content here. */
export function toCertificate(body: CertificateBody): Certificate {
  const { format_version: formatVersion, scope, stages, evidence, created_at: createdAt, ...same } = body;
  return {
    ...same,
    formatVersion,
    scope: { ...scope, reference: scope.reference === 'human' ? 'human' : toKey(scope.reference) },
    stages: stages.map(toStage),
    evidence: toEvidence(evidence),
    createdAt,
  };
}

function renderStage({ model, calibrator, judge, ...same }: CertifiedStage): z.output<typeof stageSchema> {
  const { trainedOn, support, ...weights } = model;
  return {
    ...same,
    judge: renderKey(judge),
    model: { ...weights, support: [...support], trained_on: trainedOn },
    calibrator:
      calibrator.kind === 'isotonic'
        ? { ...calibrator, scores: [...calibrator.scores], values: [...calibrator.values] }
        : calibrator,
  };
}

function toStage({ model, judge, ...same }: z.output<typeof stageSchema>): CertifiedStage {
  const { trained_on: trainedOn, ...weights } = model;
  return { ...same, judge: toKey(judge), model: { ...weights, trainedOn } };
}

function renderEvidence(evidence: CertificateEvidence): z.output<typeof evidenceSchema> {
  const { setAside, trainedOn, curve, ...same } = evidence;
  return { ...same, set_aside: setAside, trained_on: trainedOn, curve: [...curve] };
}

function toEvidence(body: z.output<typeof evidenceSchema>): CertificateEvidence {
  const { set_aside: setAside, trained_on: trainedOn, ...same } = body;
  return { ...same, setAside, trainedOn };
}
