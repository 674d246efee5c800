import { type RawBuilder, sql } from 'kysely';

/** Columns by name with their SQL type: one list for the tables, for writing many rows at once, and for reading. */
export type Columns = Readonly<Record<string, string>>;

export const VERDICT_COLUMNS = {
  id: 'text',
  at: 'timestamptz',
  team: 'text',
  policy: 'text',
  task: 'text',
  request_id: 'text',
  item_id: 'text',
  outcome: 'text',
  label: 'text',
  p_a: 'double precision',
  p_b: 'double precision',
  p_tie: 'double precision',
  confidence: 'double precision',
  /** Of the tasks that give no label. */
  result: 'jsonb',
  certificate: 'text',
  difficulty: 'double precision',
  tier: 'text',
  cache: 'text',
  inclusion: 'double precision',
  flags: 'text[]',
  input_hash: 'text',
  nano_usd: 'bigint',
  input_tokens: 'bigint',
  cached_input_tokens: 'bigint',
  output_tokens: 'bigint',
  engine_seconds: 'double precision',
  problem: 'jsonb',
  decisions: 'jsonb',
  metadata: 'jsonb',
  job_id: 'text',
} as const satisfies Columns;

export const ATTEMPT_COLUMNS = {
  verdict_id: 'text',
  /** Place among all calls about the verdict, from 0. */
  n: 'integer',
  at: 'timestamptz',
  team: 'text',
  policy: 'text',
  task: 'text',
  /** `serve`, `shadow`, `audit`, or `reused` for the history of a label that was bought before. */
  purpose: 'text',
  /** The judgment of this tier is the verdict. */
  decided: 'boolean',
  tier: 'text',
  judge: 'text',
  engine: 'text',
  model: 'text',
  precision: 'text',
  replica: 'text',
  pick: 'text',
  /** Engine calls that were made, failed ones and hedges included. */
  calls: 'integer',
  coalesced: 'integer',
  part: 'text',
  prompt: 'text',
  shown: 'text',
  p_first: 'double precision',
  p_tie: 'double precision',
  label_mass: 'double precision',
  route: 'text',
  fingerprint: 'text',
  nano_usd: 'bigint',
  input_tokens: 'bigint',
  cached_input_tokens: 'bigint',
  output_tokens: 'bigint',
  engine_seconds: 'double precision',
  queued_ms: 'double precision',
  ms: 'double precision',
  problem: 'jsonb',
  /** `final`: the engine's end was seen; `unknown`: it was not, and the cost is a bound. */
  finality: 'text',
} as const satisfies Columns;

/** A row whose keys are the columns; JSON, so that many go as one parameter. */
export type Row<C extends Columns> = { readonly [Name in keyof C]: unknown };

/** `"id" text, "at" timestamptz, …`. */
export function declarationsOf(columns: Columns): RawBuilder<unknown> {
  return sql.raw(
    Object.entries(columns)
      .map(([name, type]) => `"${name}" ${type}`)
      .join(', '),
  );
}

/** `"id", "at", …`. */
export function namesOf(columns: Columns): RawBuilder<unknown> {
  return sql.raw(
    Object.keys(columns)
      .map((name) => `"${name}"`)
      .join(', '),
  );
}
