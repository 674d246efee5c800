import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Files in pieces, and what a batch has beside its job. */
export const files: Migration = {
  async up(db: Kysely<unknown>) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  },
};

const STATEMENTS = [
  `CREATE TABLE file (
    id text PRIMARY KEY,
    team text NOT NULL,
    filename text NOT NULL DEFAULT '',
    purpose text NOT NULL DEFAULT '',
    bytes bigint NOT NULL DEFAULT 0,
    batch_id text,
    is_complete boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    touched_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz
  )`,
  `CREATE INDEX file_of_team ON file (team, created_at DESC, id)`,
  `CREATE INDEX file_expiry ON file (expires_at)`,
  `CREATE TABLE file_piece (
    file_id text NOT NULL,
    no integer NOT NULL,
    bytes bytea NOT NULL,
    PRIMARY KEY (file_id, no)
  )`,
  // Text of a batch is rarely worth the time that packing takes.
  `ALTER TABLE file_piece ALTER COLUMN bytes SET STORAGE EXTERNAL`,
  `CREATE TABLE batch (
    id text PRIMARY KEY,
    team text NOT NULL,
    allowed jsonb,
    endpoint text NOT NULL,
    input_file_id text NOT NULL,
    completion_window text NOT NULL,
    window_seconds integer NOT NULL,
    metadata jsonb,
    problems jsonb NOT NULL DEFAULT '[]',
    usage jsonb NOT NULL DEFAULT '{"inputTokens":0,"cachedInputTokens":0,"outputTokens":0,"reasoningTokens":0}',
    output_file_id text,
    error_file_id text,
    created_at timestamptz NOT NULL DEFAULT now(),
    reader_until timestamptz NOT NULL DEFAULT now(),
    began_at timestamptz,
    cancelling_at timestamptz,
    ended_early_at timestamptz
  )`,
  `CREATE INDEX batch_of_team ON batch (team, created_at DESC, id)`,
];
