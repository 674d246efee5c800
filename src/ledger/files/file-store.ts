import { type Selectable, sql, type Transaction } from 'kysely';
import type { FileQuery, FileStore, StoredFile } from '../../contracts/files.ts';
import { GatewayError } from '../../domain/errors.ts';
import { now, nowPlus } from '../jobs/time.ts';
import type { Store } from '../store.ts';
import type { Tables } from '../tables.ts';
import { contentOf } from './content.ts';
import type { FileTables } from './tables.ts';

/** Files in PostgreSQL; what the methods promise stands in the contract. */
export function createFileStore(store: Store): FileStore {
  return { ...createUploads(store), ...createShelf(store) };
}

type Uploads = Pick<FileStore, 'open' | 'addPiece' | 'complete' | 'abandon' | 'sweep'>;

function createUploads(store: Store): Uploads {
  return {
    async open(id, team) {
      await store.run((db) => db.insertInto('file').values({ id, team, batch_id: null }).execute());
    },
    async addPiece(id, no, bytes) {
      await store.transaction(async (tx) => {
        const touched = await tx
          .updateTable('file')
          .set({ touched_at: now })
          .where('id', '=', id)
          .where('is_complete', '=', false)
          .executeTakeFirst();
        if (touched.numUpdatedRows === 0n) throw givenUp();
        const piece = { file_id: id, no, bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length) };
        await tx.insertInto('file_piece').values(piece).execute();
      });
    },
    async complete(id, { filename, purpose, bytes, lifetimeSeconds }) {
      const expires_at = nowPlus(lifetimeSeconds * 1000);
      const row = await store.run((db) =>
        db
          .updateTable('file')
          .set({ filename, purpose, bytes, is_complete: true, expires_at })
          .where('id', '=', id)
          .where('is_complete', '=', false)
          .returningAll()
          .executeTakeFirst(),
      );
      if (row === undefined) throw givenUp();
      return toFile(row);
    },
    async abandon(id) {
      await store.transaction((tx) => forget(tx, sql<boolean>`id = ${id} AND NOT is_complete`));
    },
    async sweep({ receivingMs }) {
      const isSilent = sql`NOT is_complete AND touched_at < ${nowPlus(-receivingMs)}`;
      const isOrphan = sql`batch_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM job WHERE job.id = batch_id)`;
      await store.transaction((tx) =>
        forget(tx, sql<boolean>`expires_at < now() OR (${isSilent}) OR (${isOrphan})`),
      );
    },
  };
}

function givenUp(): GatewayError {
  return new GatewayError('request_timeout', 'the file came too slowly: it was given up');
}

async function forget(tx: Transaction<Tables>, which: ReturnType<typeof sql<boolean>>): Promise<void> {
  const gone = await tx.deleteFrom('file').where(which).returning('id').execute();
  if (gone.length === 0) return;
  const ids = gone.map(({ id }) => id);
  await tx.deleteFrom('file_piece').where('file_id', 'in', ids).execute();
}

type Shelf = Pick<FileStore, 'find' | 'list' | 'remove' | 'content'>;

function createShelf(store: Store): Shelf {
  return {
    async find(team, id) {
      const row = await store.run((db) => selectFiles(db, team).where('id', '=', id).executeTakeFirst());
      return row === undefined ? null : toFile(row);
    },
    async list(team, query) {
      const rows = await store.run((db) => selectPage(db, team, query).execute());
      return { files: rows.slice(0, query.limit).map(toFile), hasMore: rows.length > query.limit };
    },
    async remove(team, id) {
      return store.transaction(async (tx) => {
        const found = await selectFiles(tx, team).where('id', '=', id).forUpdate().executeTakeFirst();
        if (found === undefined) return false;
        await forget(tx, sql<boolean>`id = ${id}`);
        return true;
      });
    },
    content: ({ id }) => contentOf(store, id),
  };
}

function selectFiles(db: Pick<Transaction<Tables>, 'selectFrom'>, team: string) {
  return db
    .selectFrom('file')
    .selectAll()
    .where('team', '=', team)
    .where('is_complete', '=', true)
    .where(sql<boolean>`coalesce(expires_at > now(), true)`);
}

function selectPage(
  db: Pick<Transaction<Tables>, 'selectFrom'>,
  team: string,
  { after, limit, order, purpose }: FileQuery,
) {
  let page = selectFiles(db, team);
  if (purpose !== null) page = page.where('purpose', '=', purpose);
  if (after !== null) {
    const last = sql`(SELECT created_at, id FROM file WHERE id = ${after} AND team = ${team})`;
    const comparison = order === 'asc' ? sql`>` : sql`<`;
    page = page.where(sql<boolean>`(created_at, id) ${comparison} ${last}`);
  }
  return page
    .orderBy('created_at', order)
    .orderBy('id', order)
    .limit(limit + 1);
}

function toFile(row: Selectable<FileTables['file']>): StoredFile {
  return {
    id: row.id,
    team: row.team,
    filename: row.filename,
    purpose: row.purpose,
    bytes: row.bytes,
    createdAt: row.created_at.getTime(),
    expiresAt: row.expires_at?.getTime() ?? null,
  };
}
