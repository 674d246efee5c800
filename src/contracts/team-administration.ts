import type { Scope } from './authenticator.ts';
import type { Actor, AuditLog, StoredKey, TeamSettings } from './teams.ts';

/** A team as operators see it. */
export interface TeamDetail {
  readonly name: string;
  /** Teams of the configuration file are changed there alone; keys can be given to both. */
  readonly source: 'file' | 'ledger';
  readonly settings: TeamSettings;
  /** Keys of the ledger that can be used now. */
  readonly liveKeys: number;
}

export interface KeyWishes {
  /** What it is for: at most two live keys of a team have one label. */
  readonly label: string;
  readonly scopes: readonly Scope[];
  /** Seconds that it lives; null for one without end. */
  readonly lifeSeconds: number | null;
}

/** A key that was just made: the only time that its text is told. */
export interface IssuedKey {
  readonly key: StoredKey;
  /** The whole key. */
  readonly secret: string;
}

/**
 * What operators do with teams and keys. Every act is one transaction with its event in the audit log, and counts
 * in this gateway when its promise resolves. Throws `not_found`, `conflict`, `invalid_request` with what is wrong,
 * and `storage_unavailable`.
 */
export interface TeamAdministration extends AuditLog {
  teams(): readonly TeamDetail[];
  team(name: string): TeamDetail;
  /** `settings` as a team stands in the configuration file; what is absent gets its default. */
  addTeam(name: string, settings: unknown, by: Actor): Promise<TeamDetail>;
  /** `changes` replace whole settings, such as `limits`; null takes one back to its default. */
  setTeam(name: string, changes: unknown, by: Actor): Promise<TeamDetail>;
  /** Revokes its keys too; how many. */
  removeTeam(name: string, by: Actor): Promise<number>;
  /** Also those that ended, the newest first. */
  keys(team: string): Promise<readonly StoredKey[]>;
  addKey(team: string, wishes: KeyWishes, by: Actor): Promise<IssuedKey>;
  /** Makes a key like this one, which goes on for `overlapSeconds` more. */
  rotateKey(key: KeyName, overlapSeconds: number, by: Actor): Promise<IssuedKey>;
  /** Does nothing for one that is revoked. */
  revokeKey(key: KeyName, by: Actor): Promise<StoredKey>;
}

export interface KeyName {
  readonly team: string;
  readonly id: string;
}
