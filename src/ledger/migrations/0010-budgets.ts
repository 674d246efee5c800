import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** What of each budget is spent in each period, and what gateways hold of it. */
export const budgets: Migration = {
  async up(db: Kysely<unknown>) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  },
};

const STATEMENTS = [
  `CREATE TABLE budget_period (
    account text NOT NULL,
    period bigint NOT NULL,
    spent bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (account, period)
  )`,
  `CREATE TABLE budget_lease (
    account text NOT NULL,
    period bigint NOT NULL,
    holder text NOT NULL,
    amount bigint NOT NULL,
    used bigint NOT NULL,
    until timestamptz NOT NULL,
    PRIMARY KEY (account, period, holder)
  )`,
];
