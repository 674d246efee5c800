import { sql } from 'kysely';
import { z } from 'zod';
import type {
  JudgedVerdict,
  KeptLane,
  KeptObservation,
  LaneScope,
  Observation,
} from '../../contracts/evidence.ts';
import type { Store } from '../store.ts';
import { laneKey } from './rows.ts';

/** What was kept, as a gateway takes it up at its start. */
export interface LoadedEvidence {
  readonly lanes: readonly (KeptLane & { readonly basis: string; readonly place: number })[];
  readonly verdicts: readonly JudgedVerdict[];
}

/** As many as a lane looks at. */
const MOST_OBSERVATIONS = 4_096;
/** As many as gold labels can find. */
const MOST_VERDICTS = 50_000;

const scope = { policy: z.string(), team: z.string(), stratum: z.string() };
const laneSchema = z.object({ ...scope, basis: z.string(), memory: z.unknown(), place: z.number() });
const observationSchema = z.object({
  ...scope,
  basis: z.string(),
  generation: z.number(),
  place: z.number().nullable(),
  // Written from an observation by `rows.ts`, and by nobody else.
  body: z.custom<Observation>((value) => typeof value === 'object' && value !== null),
});
const label = z.enum(['a', 'b', 'tie']).nullable();
const verdictSchema = z.object({
  ...scope,
  id: z.string(),
  label,
  confidence: z.number().nullable(),
  gold: label,
});

export async function loadEvidence(store: Store): Promise<LoadedEvidence> {
  return store.run(async (db) => {
    const lanes =
      await sql`select policy, team, stratum, basis, memory, place from lane order by place`.execute(db);
    const observations = await sql`
      select policy, team, stratum, basis, generation, place, body from (
        select o.*, row_number() over (
          partition by o.policy, o.basis, o.team, o.stratum, o.place is null order by o.place desc, o.at desc) as age
        from observation o join lane l using (policy, basis, team, stratum)
        where o.generation = l.generation
      ) newest where age <= ${MOST_OBSERVATIONS} order by place nulls last, at`.execute(db);
    const verdicts = await sql`
      select * from (select * from lane_verdict order by at desc limit ${MOST_VERDICTS}) newest order by at`.execute(
      db,
    );
    const byLane = Map.groupBy(z.array(observationSchema).parse(observations.rows), (row) =>
      laneKey(row.basis, row),
    );
    return {
      lanes: z
        .array(laneSchema)
        .parse(lanes.rows)
        .map((row) => ({
          scope: scopeOf(row),
          basis: row.basis,
          place: row.place,
          memory: row.memory,
          observations: (byLane.get(laneKey(row.basis, row)) ?? []).map(
            ({ body, generation, place }): KeptObservation => ({
              observation: body,
              generation,
              order: place,
            }),
          ),
        })),
      verdicts: z
        .array(verdictSchema)
        .parse(verdicts.rows)
        .map(({ id, confidence, gold, ...row }) => ({
          id,
          lane: scopeOf(row),
          label: row.label,
          confidence,
          gold,
        })),
    };
  });
}

function scopeOf({ team, policy, stratum }: LaneScope): LaneScope {
  return { team, policy, stratum };
}

const withdrawalSchema = z.object({ ...scope, id: z.number(), detail: z.string() });
export type Withdrawal = z.output<typeof withdrawalSchema>;

/**
 * Withdrawals of other gateways in the last minute. By time and not by number: a number that was given first may
 * become visible later.
 */
export async function recentWithdrawals(store: Store, gateway: string): Promise<Withdrawal[]> {
  const { rows } = await store.run((db) =>
    sql`select id, policy, team, stratum, detail from lane_event
      where at > now() - interval '60 seconds' and type = 'withdrawn' and gateway <> ${gateway} and not is_echo
      order by id`.execute(db),
  );
  return z.array(withdrawalSchema).parse(rows);
}

/** Drops what nobody will look at again. What happened to certificates is kept for good. */
export async function dropOldEvidence(store: Store, before: Date): Promise<void> {
  await store.run(async (db) => {
    await sql`delete from lane_verdict where at < ${before}`.execute(db);
    await sql`delete from observation o using lane l
      where (o.policy, o.basis, o.team, o.stratum) = (l.policy, l.basis, l.team, l.stratum)
        and o.generation < l.generation and o.at < ${before}`.execute(db);
  });
}
