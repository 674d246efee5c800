import { sql, type Transaction } from 'kysely';
import type { Tables } from '../tables.ts';
import type { EvidenceEntry, EvidenceTable } from './rows.ts';

/** Writes a batch, each table with one statement; the same rows again change nothing. */
export async function writeEvidence(
  transaction: Transaction<Tables>,
  batch: readonly EvidenceEntry[],
): Promise<void> {
  for (const [table, entries] of Map.groupBy(batch, (entry) => entry.table)) {
    const last = new Map(entries.map(({ key, json }) => [key, json]));
    // In the order of their keys: gateways that write the same rows lock them in the same order.
    const rows = [...last].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, json]) => json);
    const { columns, types, conflict } = FORMS[table];
    await sql`insert into ${sql.table(table)} (${sql.raw(columns)})
      select ${sql.raw(columns)} from json_to_recordset(${`[${rows.join(',')}]`}::json) as given (${sql.raw(types)})
      ${sql.raw(conflict)}`.execute(transaction);
  }
}

interface Form {
  readonly columns: string;
  readonly types: string;
  readonly conflict: string;
}

const SCOPE = 'policy text, team text, stratum text';

/** How rows of each table are read from JSON, and what happens to one that is there already. */
const FORMS: Readonly<Record<EvidenceTable, Form>> = {
  lane: {
    columns: 'place, policy, basis, team, stratum, generation, memory',
    types: `${SCOPE}, place integer, basis text, generation integer, memory jsonb`,
    conflict: `on conflict (policy, basis, team, stratum) do update
      set generation = excluded.generation, memory = excluded.memory, written_at = now()`,
  },
  observation: {
    columns: 'policy, basis, team, stratum, generation, verdict_id, place, at, body',
    types: `${SCOPE}, basis text, generation integer, verdict_id text, place bigint, at timestamptz, body jsonb`,
    conflict: `on conflict (policy, basis, team, stratum, generation, verdict_id) do update
      set place = excluded.place, body = excluded.body`,
  },
  certificate: {
    columns: 'id, policy, team, stratum, body',
    types: `id text, ${SCOPE}, body jsonb`,
    conflict: 'on conflict (id) do nothing',
  },
  lane_event: {
    columns: 'gateway, policy, team, stratum, type, detail, is_echo',
    types: `gateway text, ${SCOPE}, type text, detail text, is_echo boolean`,
    conflict: '',
  },
  lane_verdict: {
    columns: 'id, policy, team, stratum, label, confidence, gold',
    types: `id text, ${SCOPE}, label text, confidence double precision, gold text`,
    conflict: 'on conflict (id) do update set gold = excluded.gold',
  },
};
