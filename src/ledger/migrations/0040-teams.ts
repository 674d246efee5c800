import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Teams and keys that are made while gateways run, and what operators did. */
export const teams: Migration = {
  async up(db: Kysely<unknown>) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  },
};

const STATEMENTS = [
  // One row: its lock puts acts in order, its number tells gateways that something changed.
  `CREATE TABLE team_version (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    version bigint NOT NULL
  )`,
  `INSERT INTO team_version (version) VALUES (0)`,
  `CREATE TABLE team (
    name text PRIMARY KEY,
    settings jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
  )`,
  // No reference to team: keys may also be given to teams of the configuration file.
  `CREATE TABLE api_key (
    id text PRIMARY KEY,
    team text NOT NULL,
    label text NOT NULL,
    sha256 text NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz
  )`,
  `CREATE INDEX api_key_team ON api_key (team, created_at)`,
  `CREATE TABLE audit_event (
    id bigserial PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL,
    act text NOT NULL,
    subject text NOT NULL,
    before jsonb,
    after jsonb,
    request_id text,
    address text
  )`,
  `CREATE INDEX audit_event_at ON audit_event (at)`,
];
