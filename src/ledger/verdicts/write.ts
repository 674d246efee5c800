import { type RawBuilder, sql, type Transaction } from 'kysely';
import type { ExtraCalls, VerdictRecord } from '../../contracts/ledger.ts';
import type { Tables } from '../tables.ts';
import { ATTEMPT_COLUMNS, type Columns, declarationsOf, namesOf, VERDICT_COLUMNS } from './columns.ts';
import { attemptRowsOf, extraRowsOf, jsonOf, verdictRowOf } from './rows.ts';

/** Verdicts and attempts as JSON texts of their rows, ready to be written. */
export interface WritableRows {
  readonly verdicts: readonly string[];
  readonly attempts: readonly string[];
}

export function writableOf(record: VerdictRecord): WritableRows {
  return { verdicts: [jsonOf(verdictRowOf(record))], attempts: attemptRowsOf(record).map(jsonOf) };
}

export function writableExtra(calls: ExtraCalls): WritableRows {
  return { verdicts: [], attempts: extraRowsOf(calls).map(jsonOf) };
}

/** Writes verdicts with their attempts within a transaction of the caller's, such as a shard's of a job. */
export function writeVerdicts(
  transaction: Transaction<Tables>,
  records: readonly VerdictRecord[],
): Promise<void> {
  return writeRows(transaction, records.map(writableOf));
}

/**
 * Writes rows, and adds what is new to the sums of its day. Rows that are there already change nothing: a batch
 * whose commit was in doubt may be written again.
 */
export async function writeRows(
  transaction: Transaction<Tables>,
  parts: readonly WritableRows[],
): Promise<void> {
  const verdicts = parts.flatMap((part) => part.verdicts);
  const attempts = parts.flatMap((part) => part.attempts);
  if (verdicts.length > 0) {
    await sql`with fresh as (${insertOf('verdict', VERDICT_COLUMNS, verdicts)}) ${VERDICT_SUMS}`.execute(
      transaction,
    );
  }
  if (attempts.length > 0) {
    await sql`with fresh as (${insertOf('attempt', ATTEMPT_COLUMNS, attempts)}) ${ATTEMPT_SUMS}`.execute(
      transaction,
    );
  }
}

/** Many rows as one parameter: PostgreSQL reads the JSON faster than we could spread it over placeholders. */
function insertOf(
  table: 'verdict' | 'attempt',
  columns: Columns,
  rows: readonly string[],
): RawBuilder<unknown> {
  return sql`insert into ${sql.table(table)} (${namesOf(columns)})
    select ${namesOf(columns)} from json_to_recordset(${`[${rows.join(',')}]`}::json) as given (${declarationsOf(columns)})
    on conflict do nothing returning *`;
}

/** Rows of one statement are locked in one order, so that two gateways never wait for each other in a circle. */
const VERDICT_SUMS = sql`
  insert into cost_day as sums (day, team, policy, task, tier, kind, items, labels, cached)
  select (at at time zone 'UTC')::date, team, policy, task, coalesce(tier, ''), 'verdict',
    count(*), count(*) filter (where outcome in ('ok', 'tie')), count(*) filter (where cache is not null)
  from fresh group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5
  on conflict (day, team, policy, task, tier, kind) do update set
    items = sums.items + excluded.items,
    labels = sums.labels + excluded.labels,
    cached = sums.cached + excluded.cached`;

const ATTEMPT_SUMS = sql`
  insert into cost_day as sums (day, team, policy, task, tier, kind, calls, retries, judgments,
    input_tokens, cached_input_tokens, output_tokens, engine_seconds, nano_usd)
  select (at at time zone 'UTC')::date, team, policy, task, tier,
    case when purpose <> 'serve' then purpose when decided then 'decided' else 'rejected' end,
    sum(calls), sum(greatest(calls - 1, 0)), count(distinct verdict_id),
    sum(input_tokens), sum(cached_input_tokens), sum(output_tokens), sum(engine_seconds), sum(nano_usd)
  from fresh where purpose <> 'reused' group by 1, 2, 3, 4, 5, 6 order by 1, 2, 3, 4, 5, 6
  on conflict (day, team, policy, task, tier, kind) do update set
    calls = sums.calls + excluded.calls,
    retries = sums.retries + excluded.retries,
    judgments = sums.judgments + excluded.judgments,
    input_tokens = sums.input_tokens + excluded.input_tokens,
    cached_input_tokens = sums.cached_input_tokens + excluded.cached_input_tokens,
    output_tokens = sums.output_tokens + excluded.output_tokens,
    engine_seconds = sums.engine_seconds + excluded.engine_seconds,
    nano_usd = sums.nano_usd + excluded.nano_usd`;
