import type { Kysely } from 'kysely';
import type { AuditEntry, AuditEvent, AuditQuery } from '../../contracts/teams.ts';
import type { Store } from '../store.ts';
import type { Tables } from '../tables.ts';
import { eventOf } from './rows.ts';

export async function writeEvent(db: Kysely<Tables>, entry: AuditEntry): Promise<void> {
  const { actor, act, subject, before, after } = entry;
  await db
    .insertInto('audit_event')
    .values({
      actor: actor.name,
      act,
      subject,
      before: before === null ? null : JSON.stringify(before),
      after: after === null ? null : JSON.stringify(after),
      request_id: actor.requestId,
      address: actor.address,
    })
    .execute();
}

export async function readEvents(store: Store, { before, limit }: AuditQuery): Promise<AuditEvent[]> {
  const rows = await store.run((db) =>
    db
      .selectFrom('audit_event')
      .selectAll()
      .$if(before !== null, (query) => query.where('id', '<', before))
      .orderBy('id', 'desc')
      .limit(limit)
      .execute(),
  );
  return rows.map(eventOf);
}

/** Forgets events from before then. */
export async function dropOldEvents(store: Store, before: Date): Promise<void> {
  await store.run((db) => db.deleteFrom('audit_event').where('at', '<', before).execute());
}
