import { GatewayError } from '../../domain/errors.ts';
import type { Store } from '../store.ts';

/** Rows of results that are read at once: some megabytes at most. */
const PAGE = 100;

/** The bytes of a file: its pieces, or the rows of the batch that it is the output of. */
export async function* contentOf(store: Store, id: string): AsyncGenerator<Uint8Array, void> {
  const file = await store.run((db) =>
    db.selectFrom('file').select(['id', 'batch_id']).where('id', '=', id).executeTakeFirst(),
  );
  if (file === undefined) throw gone();
  if (file.batch_id === null) yield* piecesOf(store, id);
  else yield* linesOf(store, file.batch_id, id === outputFileIdOf(file.batch_id));
}

/** Ids of what a batch gives out follow from its own. */
export function outputFileIdOf(batchId: string): string {
  return `file-${batchId.slice('batch_'.length)}-output`;
}

export function errorFileIdOf(batchId: string): string {
  return `file-${batchId.slice('batch_'.length)}-errors`;
}

async function* piecesOf(store: Store, id: string): AsyncGenerator<Uint8Array, void> {
  for (let no = 0; ; no += 1) {
    const piece = await store.run((db) =>
      db
        .selectFrom('file')
        .leftJoin('file_piece', (join) =>
          join.onRef('file_piece.file_id', '=', 'file.id').on('file_piece.no', '=', no),
        )
        .select('file_piece.bytes')
        .where('file.id', '=', id)
        .executeTakeFirst(),
    );
    if (piece === undefined) throw gone();
    if (piece.bytes === null) return;
    yield piece.bytes;
  }
}

async function* linesOf(store: Store, jobId: string, isOutput: boolean): AsyncGenerator<Uint8Array, void> {
  for (let last = -1; ;) {
    const rows = await store.run((db) =>
      db
        .selectFrom('job_result')
        .select(['n', 'verdict'])
        .where('job_id', '=', jobId)
        .where('outcome', isOutput ? '=' : '<>', 'ok')
        .where('n', '>', last)
        .orderBy('n')
        .limit(PAGE)
        .execute(),
    );
    if (rows.length > 0) yield Buffer.from(rows.map(({ verdict }) => `${verdict}\n`).join(''));
    if (rows.length < PAGE) return;
    last = rows.at(-1)?.n ?? last;
  }
}

function gone(): GatewayError {
  return new GatewayError('not_found', 'the file was deleted');
}
