import type { Selectable, Transaction } from 'kysely';
import type {
  BackgroundResponse,
  BackgroundState,
  BackgroundStore,
  NewBackgroundResponse,
} from '../../contracts/background.ts';
import type { LineInput } from '../../contracts/batches.ts';
import { hasEnded, PRIORITIES } from '../../domain/job.ts';
import type { JobTables } from '../jobs/tables.ts';
import { nowPlus } from '../jobs/time.ts';
import type { Store } from '../store.ts';
import type { Tables } from '../tables.ts';

/** Responses in the background: each is a job of one shard with one line, and has no table of its own. */
export function createBackgroundStore(store: Store): BackgroundStore {
  return {
    create: (response) => store.transaction((tx) => create(tx, response)),
    find: (team, id) => store.run((db) => find(db, team, id)),
    cancel: (team, id) =>
      store.transaction(async (tx) => {
        await tx
          .updateTable('job')
          .set({ state: 'stopping', stop_reason: 'cancelled' })
          .where('id', '=', id)
          .where('team', '=', team)
          .where('task', '=', 'response')
          .where('state', 'in', ['queued', 'running'])
          .execute();
        return find(tx, team, id);
      }),
    remove: (team, id) =>
      store.transaction(async (tx) => {
        const gone = await tx
          .deleteFrom('job')
          .where('id', '=', id)
          .where('team', '=', team)
          .where('task', '=', 'response')
          .executeTakeFirst();
        if (gone.numDeletedRows === 0n) return false;
        await tx.deleteFrom('job_shard').where('job_id', '=', id).execute();
        await tx.deleteFrom('job_result').where('job_id', '=', id).execute();
        return true;
      }),
  };
}

async function create(
  tx: Transaction<Tables>,
  { id, team, allowed, body, deadlineSeconds }: NewBackgroundResponse,
): Promise<BackgroundResponse> {
  const line: LineInput = { customId: id, body, allowed };
  await tx
    .insertInto('job')
    .values({
      id,
      team,
      policy: '/v1/responses',
      task: 'response',
      // Somebody looks for it: lists of thousands go after it.
      priority: PRIORITIES.indexOf('high'),
      state: 'queued',
      stop_reason: null,
      idempotency_key: null,
      body_hash: null,
      items: 1,
      budget_nano_usd: null,
      deadline_seconds: deadlineSeconds,
      webhook: null,
    })
    .execute();
  const { created_at: at } = await tx
    .updateTable('job')
    .set({ expires_at: nowPlus(deadlineSeconds * 1000) })
    .where('id', '=', id)
    .returning('created_at')
    .executeTakeFirstOrThrow();
  await tx
    .insertInto('job_shard')
    .values({ job_id: id, no: 0, first: 0, count: 1, items: JSON.stringify([line]) })
    .execute();
  return { id, state: 'queued', body, reply: null, createdAt: at.getTime() };
}

async function find(
  db: Pick<Transaction<Tables>, 'selectFrom'>,
  team: string,
  id: string,
): Promise<BackgroundResponse | null> {
  const row = await db
    .selectFrom('job')
    .innerJoin('job_shard', 'job_shard.job_id', 'job.id')
    .leftJoin('job_result', 'job_result.job_id', 'job.id')
    .select(['job.state', 'job.stop_reason', 'job.created_at', 'job_shard.items', 'job_result.verdict'])
    .where('job.id', '=', id)
    .where('job.team', '=', team)
    .where('job.task', '=', 'response')
    .executeTakeFirst();
  if (row === undefined) return null;
  const reply = row.verdict === null ? null : replyOf(row.verdict);
  const state = stateOf(row, reply);
  return {
    id,
    state,
    body: bodyOf(row.items),
    reply: state === 'ended' ? reply : null,
    createdAt: row.created_at.getTime(),
  };
}

function stateOf(
  { state, stop_reason }: Pick<Selectable<JobTables['job']>, 'state' | 'stop_reason'>,
  reply: BackgroundResponse['reply'],
): BackgroundState {
  // What was said to be cancelled stays so, also when its answer came in just then.
  if (stop_reason === 'cancelled') return 'cancelled';
  if (hasEnded(state)) return reply === null ? 'expired' : 'ended';
  return state === 'queued' ? 'queued' : 'running';
}

function bodyOf(items: string): BackgroundResponse['body'] {
  // Written by `create`, and by nobody else.
  const [line] = JSON.parse(items) as [LineInput];
  return line.body;
}

/** Null for a line that was not asked. */
function replyOf(text: string): BackgroundResponse['reply'] {
  // Written by the work on lines, and by nobody else.
  const line = JSON.parse(text) as {
    readonly response: { readonly status_code: number; readonly body: unknown } | null;
  };
  return line.response === null ? null : { status: line.response.status_code, body: line.response.body };
}
