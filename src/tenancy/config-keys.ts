import { randomBytes } from 'node:crypto';
import type { CallClass } from '../contracts/call.ts';
import type { Principal, Scope } from '../contracts/authenticator.ts';
import { keyHashOf, keyOf } from '../domain/api-key.ts';
import { knownKey, type KnownKey } from './key-authenticator.ts';

/** API keys from the configuration; only their hashes stand there. */
export interface TeamKeys {
  readonly team: string;
  /** Of its keys that name none. */
  readonly scopes: readonly Scope[];
  readonly policies: readonly string[] | null;
  /** Absent allows all. */
  readonly classes?: readonly CallClass[];
  readonly keys: readonly {
    readonly id: string;
    readonly sha256: string;
    readonly scopes?: readonly Scope[];
  }[];
}

/** What keys of the configuration allow. */
export const WORK_SCOPES: readonly Scope[] = ['submit', 'read'];

/** By the id of the key. */
export function configKeys(teams: readonly TeamKeys[]): ReadonlyMap<string, KnownKey> {
  const known = new Map<string, KnownKey>();
  for (const { team, scopes, policies, classes, keys } of teams) {
    const common = {
      team,
      policies: policies === null ? null : new Set(policies),
      ...(classes === undefined ? {} : { classes: new Set(classes) }),
    };
    for (const { id, sha256, scopes: own = scopes } of keys) {
      const principal: Principal = { ...common, scopes: new Set(own), keyId: id };
      known.set(id, knownKey(sha256, principal));
    }
  }
  return known;
}

/** A key that lives as long as the process: for a command that starts a gateway and then talks to it. */
export function createOwnKey(): { readonly key: string; readonly team: TeamKeys } {
  const id = `own${randomBytes(8).toString('hex')}`;
  const key = keyOf(id, randomBytes(32).toString('hex'));
  const keys = [{ id, sha256: keyHashOf(key) }];
  return { key, team: { team: 'local', scopes: WORK_SCOPES, policies: null, keys } };
}

/** Everybody, where no keys are asked for. */
export function anonymous(team: string, scopes: readonly Scope[]): Principal {
  return { team, keyId: null, scopes: new Set(scopes), policies: null };
}
