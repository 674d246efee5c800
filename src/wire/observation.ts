import { z } from 'zod';
import type { Observation, ObservationPlace, ObservationQuery } from '../contracts/evidence.ts';
import { judgeKeySchema, renderKey, toKey } from './judge-key.ts';
import { check, type Checked } from './problems.ts';

/**
 * Observations as the admin API tells them, one JSON object a line: what every stage and the reference said of an
 * item, without its texts. Logarithms are not rounded: rounded probabilities tie.
 */
export const OBSERVATION_VERSION = 1;

const label = z.enum(['a', 'b', 'tie']);
const logProbability = z.number().min(-40).max(0);
const signalsSchema = z.strictObject({
  log_probabilities: z.strictObject({ a: logProbability, b: logProbability, tie: logProbability }),
  order_gap: z.number().min(0).max(1).nullable(),
  label_mass: z.number().min(0).max(1).nullable(),
});

export const observationSchema = z.strictObject({
  object: z.literal('observation'),
  version: z.literal(OBSERVATION_VERSION, `must be ${OBSERVATION_VERSION}`),
  /** Of the verdict. */
  id: z.string().min(1),
  team: z.string(),
  policy: z.string(),
  stratum: z.string(),
  /** Milliseconds since 1970. */
  at: z.number(),
  /** Hash of the prompt: rows of one group are never split apart. */
  group: z.string().min(1),
  length_log_ratio: z.number(),
  stages: z
    .array(z.strictObject({ tier: z.string(), judge: judgeKeySchema, signals: signalsSchema.nullable() }))
    .min(1),
  reference: z.strictObject({ label, source: z.enum(['judge', 'human']), judge: judgeKeySchema }),
  released: z.strictObject({ label: label.nullable(), certificate: z.string().nullable() }),
  /** With which the item was chosen; null where it is the policy's own share. */
  probability: z.number().gt(0).max(1).nullable(),
});

export type ObservationRow = z.output<typeof observationSchema>;

export function renderObservation(observation: Observation): ObservationRow {
  const { verdictId, lane, item, stages, reference, labelledBy, acceptedBy, at, probability } = observation;
  return {
    object: 'observation',
    version: OBSERVATION_VERSION,
    id: verdictId,
    team: lane.team,
    policy: lane.policy,
    stratum: lane.stratum,
    at,
    group: item.prompt,
    length_log_ratio: item.lengthLogRatio,
    stages: stages.map(({ tier, judge }, place) => {
      const answer = item.answers[place] ?? null;
      const signals = answer && {
        log_probabilities: { ...answer.logProbabilities },
        order_gap: answer.orderGap,
        label_mass: answer.labelMass,
      };
      return { tier, judge: renderKey(judge), signals };
    }),
    reference: { label: item.reference, source: labelledBy ?? 'judge', judge: renderKey(reference) },
    released: { label: observation.label, certificate: acceptedBy },
    probability: probability ?? null,
  };
}

export function toObservation(row: ObservationRow): Observation {
  const { id, team, policy, stratum, at, stages, reference, released, probability } = row;
  return {
    verdictId: id,
    lane: { team, policy, stratum },
    item: {
      id,
      prompt: row.group,
      lengthLogRatio: row.length_log_ratio,
      answers: stages.map(
        ({ judge, signals }) =>
          signals && {
            judge: judge.id,
            logProbabilities: signals.log_probabilities,
            orderGap: signals.order_gap,
            labelMass: signals.label_mass,
          },
      ),
      reference: reference.label,
      stratum,
    },
    stages: stages.map(({ tier, judge }) => ({ tier, judge: toKey(judge) })),
    reference: toKey(reference.judge),
    ...(reference.source === 'human' ? { labelledBy: 'human' as const } : {}),
    acceptedBy: released.certificate,
    label: released.label,
    at,
    ...(probability === null ? {} : { probability }),
  };
}

/** Largest page, and the usual one. */
const [MOST, USUAL] = [2_000, 1_000];

const name = z.string().min(1).optional();
const querySchema = z.strictObject({
  team: name,
  stratum: name,
  after: z
    .string()
    .transform((text, context) => {
      const place = placeOf(text);
      if (place !== null) return place;
      context.addIssue({ code: 'custom', message: 'must be what x-assay-next said with the page before' });
      return z.NEVER;
    })
    .optional(),
  limit: z.coerce.number().int().min(1).max(MOST).default(USUAL),
});

export function parseObservationQuery(query: unknown): Checked<ObservationQuery> {
  const checked = check(querySchema, query);
  if (!checked.ok) return checked;
  const { team = null, stratum = null, after = null, limit } = checked.value;
  return { ok: true, value: { team, stratum, after, limit } };
}

const placeSchema = z.strictObject({
  team: z.string(),
  stratum: z.string(),
  generation: z.int().min(0),
  number: z.int().min(-1),
});

/** A place as text for a query. */
export function renderPlace(place: ObservationPlace): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

function placeOf(text: string): ObservationPlace | null {
  try {
    return placeSchema.safeParse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))).data ?? null;
  } catch {
    return null;
  }
}
