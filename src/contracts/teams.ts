import type { Scope } from './authenticator.ts';
import type { CallClass } from './call.ts';

/** What a team may do, in the words of the configuration file. */
export interface TeamSettings {
  /** Absent allows all. */
  readonly policies?: readonly string[] | undefined;
  /** As in the file: `usdPerDay` and the like; a limit that is absent does not bind. */
  readonly limits: Readonly<Record<string, number | undefined>>;
  /** Its part of an engine relative to other teams, > 0. */
  readonly share: number;
  /** Classes that its requests may name. */
  readonly classes: readonly Exclude<CallClass, 'audit'>[];
}

/** A team that was made while gateways ran. Instants here are in milliseconds since 1970. */
export interface StoredTeam {
  readonly name: string;
  readonly settings: TeamSettings;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** A key without its secret. */
export interface StoredKey {
  readonly id: string;
  readonly team: string;
  /** What it is for. */
  readonly label: string;
  readonly scopes: readonly Scope[];
  readonly createdAt: number;
  /** Null for one without end. */
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
  /** Coarse: to the minute. */
  readonly lastUsedAt: number | null;
}

export interface NewKey extends Pick<StoredKey, 'id' | 'team' | 'label' | 'scopes' | 'expiresAt'> {
  /** Of the whole key, in hexadecimal. */
  readonly sha256: string;
}

/** All that requests are checked against. */
export interface TeamSnapshot {
  /** Grows with every change. */
  readonly version: number;
  readonly teams: readonly StoredTeam[];
  /** Those that were not revoked and had not ended. */
  readonly keys: readonly NewKey[];
  /** Scopes that any key ever had, also one that is gone: a door that was locked once stays locked. */
  readonly everIssued: readonly Scope[];
}

/** Who acts, for the audit log. */
export interface Actor {
  /** Such as `key:k7f3`, `anonymous` on a loopback without keys, or `cli:root`. */
  readonly name: string;
  readonly requestId: string | null;
  /** IP address. */
  readonly address: string | null;
}

/** One administrative act. Never has a secret. */
export interface AuditEntry {
  readonly actor: Actor;
  /** Such as `key.revoke`. */
  readonly act: string;
  /** What it was done to, such as `team:rm`. */
  readonly subject: string;
  /** How it was before and is after; null where there is nothing. */
  readonly before: unknown;
  readonly after: unknown;
}

export interface AuditEvent extends AuditEntry {
  readonly id: number;
  readonly at: number;
}

export interface AuditQuery {
  /** Events older than this id; null begins with the newest. */
  readonly before: number | null;
  /** 1 to 1000. */
  readonly limit: number;
}

/** Keeps what operators did; beside it the log has each act too. */
export interface AuditLog {
  /** Throws `storage_unavailable`. */
  record(entry: AuditEntry): Promise<void>;
  /** The newest first. Throws `storage_unavailable`. */
  events(query: AuditQuery): Promise<readonly AuditEvent[]>;
}

/** Keeps teams, keys and the audit log for all gateways. Everything throws `storage_unavailable`. */
export interface TeamStore extends AuditLog {
  version(): Promise<number>;
  snapshot(): Promise<TeamSnapshot>;
  /** Of a team, also those that ended, the newest first; at most 1,000. */
  keys(team: string): Promise<readonly StoredKey[]>;
  /** One act: all of it is done and its events are written, or nothing. Acts of all gateways come one after another. */
  act<T>(work: (books: TeamBooks) => Promise<T>): Promise<T>;
  /** Notes that keys were used now. */
  markUsed(ids: readonly string[]): Promise<void>;
}

/** What an act may do. */
export interface TeamBooks {
  teams(): Promise<readonly StoredTeam[]>;
  /** Makes it, or gives it other settings. */
  saveTeam(name: string, settings: TeamSettings): Promise<StoredTeam>;
  dropTeam(name: string): Promise<void>;
  /** Of a team, also those that ended, the newest first. */
  keys(team: string): Promise<readonly StoredKey[]>;
  addKey(key: NewKey): Promise<StoredKey>;
  /** Revokes it now, or gives it an end. */
  endKey(id: string, end: 'revoked' | { readonly expiresAt: number }): Promise<StoredKey>;
  write(entry: AuditEntry): Promise<void>;
}
