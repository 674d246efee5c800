import { type Selectable, sql, type Transaction } from 'kysely';
import type { LineUsage } from '../../contracts/batches.ts';
import type { ItemEnd } from '../../contracts/job-store.ts';
import { hasEnded } from '../../domain/job.ts';
import { errorFileIdOf, outputFileIdOf } from '../files/content.ts';
import type { JobTables } from '../jobs/tables.ts';
import type { Tables } from '../tables.ts';

/**
 * What the commit of a batch's lines does beside that of every job: adds their tokens and, when the last one
 * has ended, makes its files. They hold no copy: their content is the rows that were just committed.
 */
export async function endBatch(
  tx: Transaction<Tables>,
  job: Selectable<JobTables['job']>,
  ends: readonly ItemEnd[],
): Promise<void> {
  await addUsage(tx, job.id, ends);
  if (!hasEnded(job.state)) return;
  const output_file_id = await makeFile(tx, job, { id: outputFileIdOf(job.id), hasOutput: true });
  const error_file_id = await makeFile(tx, job, { id: errorFileIdOf(job.id), hasOutput: false });
  await tx.updateTable('batch').set({ output_file_id, error_file_id }).where('id', '=', job.id).execute();
}

async function addUsage(tx: Transaction<Tables>, id: string, ends: readonly ItemEnd[]): Promise<void> {
  const { usage } = await tx
    .selectFrom('batch')
    .select('usage')
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  const sum = ends.reduce((before, end) => ('line' in end ? added(before, end.line.usage) : before), usage);
  await tx
    .updateTable('batch')
    .set({ usage: JSON.stringify(sum) })
    .where('id', '=', id)
    .execute();
}

function added(one: LineUsage, other: LineUsage): LineUsage {
  return {
    inputTokens: one.inputTokens + other.inputTokens,
    cachedInputTokens: one.cachedInputTokens + other.cachedInputTokens,
    outputTokens: one.outputTokens + other.outputTokens,
    reasoningTokens: one.reasoningTokens + other.reasoningTokens,
  };
}

/** Null when there is nothing in it. */
async function makeFile(
  tx: Transaction<Tables>,
  { id: batchId, team }: Pick<Selectable<JobTables['job']>, 'id' | 'team'>,
  { id, hasOutput }: { readonly id: string; readonly hasOutput: boolean },
): Promise<string | null> {
  const { lines, bytes } = await tx
    .selectFrom('job_result')
    .select([
      sql<number>`count(*)`.as('lines'),
      sql<number>`coalesce(sum(octet_length(verdict) + 1), 0)::bigint`.as('bytes'),
    ])
    .where('job_id', '=', batchId)
    .where('outcome', hasOutput ? '=' : '<>', 'ok')
    .executeTakeFirstOrThrow();
  if (lines === 0) return null;
  const filename = `${batchId}_${hasOutput ? 'output' : 'error'}.jsonl`;
  await tx
    .insertInto('file')
    .values({ id, team, filename, purpose: 'batch_output', bytes, batch_id: batchId, is_complete: true })
    .execute();
  return id;
}
