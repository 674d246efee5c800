import { sql } from 'kysely';
import type { OutboxStore } from '../../contracts/job-store.ts';
import type { Store } from '../store.ts';
import { now, nowPlus } from './time.ts';

export function createOutbox(store: Store): OutboxStore {
  return {
    async dueMessages({ limit, leaseMs }) {
      // A due time in the future is the lease: nobody else sees the message meanwhile.
      return store.run((db) =>
        db
          .updateTable('outbox')
          .set({ due_at: nowPlus(leaseMs), attempts: sql`attempts + 1` })
          .where('id', 'in', (from) =>
            from
              .selectFrom('outbox')
              .select('id')
              .where('due_at', '<=', now)
              .orderBy('due_at')
              .limit(limit)
              .forUpdate()
              .skipLocked(),
          )
          .returning(['id', 'team', 'endpoint', 'type', 'payload', sql<number>`attempts - 1`.as('attempts')])
          .execute(),
      );
    },
    async delivered(id) {
      await store.run((db) =>
        db
          .updateTable('outbox')
          .set({ due_at: null, delivered_at: now, problem: null })
          .where('id', '=', id)
          .execute(),
      );
    },
    async undelivered(id, retryMs, reason) {
      await store.run((db) =>
        db
          .updateTable('outbox')
          .set({ due_at: retryMs === null ? null : nowPlus(retryMs), problem: reason })
          .where('id', '=', id)
          .where('delivered_at', 'is', null)
          .execute(),
      );
    },
  };
}
