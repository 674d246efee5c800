import { type RawBuilder, sql } from 'kysely';

/** Instants of the database's clock: a gateway's own may be wrong, and there may be several of them. */
export const now: RawBuilder<Date> = sql<Date>`now()`;

/** `ms` may be negative. */
export function nowPlus(ms: number): RawBuilder<Date> {
  return sql<Date>`now() + ${ms}::float8 * interval '1 millisecond'`;
}
