import type { Selectable, Transaction } from 'kysely';
import type { VerdictRecord } from '../../contracts/ledger.ts';
import type { ItemEnd, VerdictEnd } from '../../contracts/job-store.ts';
import type { Tables } from '../tables.ts';
import { writableOf, writeRows, writeVerdicts } from '../verdicts/write.ts';
import type { JobTables } from './tables.ts';

type Job = Pick<Selectable<JobTables['job']>, 'id' | 'team' | 'policy'> & { readonly committed_at: Date };

/** The verdicts and attempts of a job's items, in the transaction that ends the items. */
export function keepVerdicts(tx: Transaction<Tables>, job: Job, ends: readonly ItemEnd[]): Promise<void> {
  return writeVerdicts(
    tx,
    verdictsOf(ends).map((end) => recordOf(job, end)),
  );
}

/** The attempts alone: the verdicts are dropped, as the lease was lost, but their calls were paid. */
export function keepCalls(tx: Transaction<Tables>, job: Job, ends: readonly ItemEnd[]): Promise<void> {
  const undecided = verdictsOf(ends).map(({ n, verdict }) =>
    recordOf(job, { n, verdict: { ...verdict, tier: null } }),
  );
  return writeRows(
    tx,
    undecided.map((record) => ({ ...writableOf(record), verdicts: [] })),
  );
}

/** The feedback calls of a batch keep their verdicts themselves. */
function verdictsOf(ends: readonly ItemEnd[]): VerdictEnd[] {
  return ends.filter((end) => 'verdict' in end);
}

function recordOf({ id, team, policy, committed_at: at }: Job, { verdict }: VerdictEnd): VerdictRecord {
  return { verdict, team, policy, requestId: id, inputHash: null, jobId: id, at: at.getTime() };
}
