import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Jobs, their shards, one row for each item that ended, and messages to be sent. */
export const jobs: Migration = {
  async up(db: Kysely<unknown>) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  },
};

const STATEMENTS = [
  `CREATE TABLE job (
    id text PRIMARY KEY,
    team text NOT NULL,
    policy text NOT NULL,
    task text NOT NULL,
    priority smallint NOT NULL,
    state text NOT NULL,
    stop_reason text,
    idempotency_key text,
    body_hash text,
    items integer NOT NULL DEFAULT 0,
    invalid integer NOT NULL DEFAULT 0,
    finished integer NOT NULL DEFAULT 0,
    last_sequence bigint NOT NULL DEFAULT 0,
    counts jsonb NOT NULL DEFAULT '{}',
    nano_usd bigint NOT NULL DEFAULT 0,
    budget_nano_usd bigint,
    deadline_seconds integer NOT NULL,
    webhook text,
    created_at timestamptz NOT NULL DEFAULT now(),
    touched_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    ended_at timestamptz,
    expires_at timestamptz NOT NULL DEFAULT now(),
    mark_at timestamptz,
    mark_sequence bigint NOT NULL DEFAULT 0,
    earlier_at timestamptz,
    earlier_sequence bigint NOT NULL DEFAULT 0
  )`,
  `CREATE UNIQUE INDEX job_key ON job (team, idempotency_key) WHERE idempotency_key IS NOT NULL`,
  `CREATE INDEX job_of_team ON job (team, created_at DESC, id)`,
  `CREATE INDEX job_open ON job (state) WHERE ended_at IS NULL`,
  `CREATE TABLE job_shard (
    job_id text NOT NULL,
    no integer NOT NULL,
    first integer NOT NULL,
    count integer NOT NULL,
    finished integer NOT NULL DEFAULT 0,
    items text NOT NULL,
    lease_token text,
    lease_until timestamptz,
    losses integer NOT NULL DEFAULT 0,
    PRIMARY KEY (job_id, no)
  )`,
  `CREATE INDEX job_shard_open ON job_shard (job_id, no) WHERE finished < count`,
  `CREATE INDEX job_shard_leased ON job_shard (lease_token) WHERE lease_token IS NOT NULL`,
  `CREATE TABLE job_result (
    job_id text NOT NULL,
    n integer NOT NULL,
    sequence bigint NOT NULL,
    outcome text NOT NULL,
    verdict text NOT NULL,
    PRIMARY KEY (job_id, n)
  )`,
  `CREATE UNIQUE INDEX job_result_sequence ON job_result (job_id, sequence)`,
  `CREATE TABLE outbox (
    id text PRIMARY KEY,
    team text NOT NULL,
    endpoint text NOT NULL,
    type text NOT NULL,
    payload text NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    due_at timestamptz DEFAULT now(),
    delivered_at timestamptz,
    problem text
  )`,
  `CREATE INDEX outbox_due ON outbox (due_at) WHERE due_at IS NOT NULL`,
];
