import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** What lanes have learned: their memory, their observations, certificates, what happened to them, and gold labels. */
export const evidence: Migration = {
  async up(db: Kysely<unknown>) {
    for (const statement of STATEMENTS) await statement.execute(db);
  },
};

const STATEMENTS: readonly RawBuilder<unknown>[] = [
  sql`create table lane (
    place integer not null,
    policy text not null,
    basis text not null,
    team text not null,
    stratum text not null,
    generation integer not null,
    memory jsonb not null,
    written_at timestamptz not null default now(),
    primary key (policy, basis, team, stratum)
  )`,
  sql`create table observation (
    policy text not null,
    basis text not null,
    team text not null,
    stratum text not null,
    generation integer not null,
    verdict_id text not null,
    place bigint,
    at timestamptz not null,
    body jsonb not null,
    primary key (policy, basis, team, stratum, generation, verdict_id)
  )`,
  sql`create table certificate (
    id text primary key,
    policy text not null,
    team text not null,
    stratum text not null,
    body jsonb not null,
    installed_at timestamptz not null default now()
  )`,
  sql`create table lane_event (
    id bigserial primary key,
    at timestamptz not null default now(),
    gateway text not null,
    policy text not null,
    team text not null,
    stratum text not null,
    type text not null,
    detail text not null,
    is_echo boolean not null
  )`,
  sql`create index lane_event_at on lane_event (at)`,
  sql`create table lane_verdict (
    id text primary key,
    policy text not null,
    team text not null,
    stratum text not null,
    label text,
    confidence double precision,
    gold text,
    at timestamptz not null default now()
  )`,
  sql`create index lane_verdict_at on lane_verdict (at)`,
];
