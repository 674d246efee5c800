import { describe, expect, it } from 'vitest';
import type { NewKey, TeamSettings, TeamSnapshot, TeamStore } from '../../../src/contracts/teams.ts';
import { GatewayError } from '../../../src/domain/errors.ts';
import { createTeamDirectory } from '../../../src/tenancy/directory.ts';
import { createKeyAuthenticator } from '../../../src/tenancy/key-authenticator.ts';
import { manualClock } from '../../fakes/clock.ts';
import { quietLogger } from '../../fakes/embedded-store.ts';

const KEY = 'assay_k1_abcdefghijklmnopqrstuvwxyz012345';
// sha256 of KEY, by `printf %s KEY | sha256sum`
const SHA256 = '6047b59327a4d16731f96e622d2a6306f030d90e8d810df044b54d1a6b253c35';
const settings: TeamSettings = { limits: {}, share: 3, classes: ['batch'] };
const key: NewKey = {
  id: 'k1',
  team: 'rm',
  label: 'default',
  scopes: ['read'],
  sha256: SHA256,
  expiresAt: null,
};
const team = { name: 'rm', settings, createdAt: 0, updatedAt: 0 };
const first: TeamSnapshot = { version: 1, teams: [team], keys: [key], everIssued: ['read'] };

/** A ledger that says what it is told to, and can be away. */
function scriptedLedger() {
  const state = { snapshot: first, isAway: false, used: [] as (readonly string[])[], asked: 0 };
  const answer = async <T>(value: T): Promise<T> => {
    state.asked += 1;
    if (state.isAway) throw new GatewayError('storage_unavailable', 'away');
    return value;
  };
  const unexpected = (): never => {
    throw new Error('a directory only reads');
  };
  const store: TeamStore = {
    version: () => answer(state.snapshot.version),
    snapshot: () => answer(state.snapshot),
    markUsed: async (ids) => void state.used.push(ids),
    keys: unexpected,
    act: unexpected,
    record: unexpected,
    events: unexpected,
  };
  return { state, store };
}

async function opened() {
  const { state, store } = scriptedLedger();
  const clock = manualClock();
  const directory = createTeamDirectory({ store, clock, logger: quietLogger(), changed: () => undefined });
  await directory.refresh();
  const { authenticate } = createKeyAuthenticator(directory.key, clock, directory.isBlind);
  const show = (secret = KEY) => authenticate({ authorization: `Bearer ${secret}`, address: '' });
  /** Lets a round of polling pass. */
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms);
    for (let n = 0; n < 20; n += 1) await Promise.resolve();
  };
  return { state, directory, show, pass };
}

const refusedAs = (code: string) => ({ ok: false, refusal: { code } });

describe('the directory of teams', () => {
  it('knows a key of the ledger with what its team may do', async () => {
    const { show } = await opened();
    expect(show()).toEqual({
      ok: true,
      principal: {
        team: 'rm',
        keyId: 'k1',
        scopes: new Set(['read']),
        policies: null,
        classes: new Set(['batch']),
      },
    });
    expect(show(KEY.replace('5', '6'))).toMatchObject(refusedAs('unauthenticated'));
  });

  it('sees a revocation within two seconds, without a question at a request', async () => {
    const { state, show, pass } = await opened();
    state.snapshot = { ...first, version: 2, keys: [] };
    const { asked } = state;
    expect(show()).toMatchObject({ ok: true });
    expect(state.asked).toBe(asked);
    await pass(2_000);
    expect(show()).toMatchObject(refusedAs('unauthenticated'));
  });

  it('ends a key at its instant', async () => {
    const { state, show, pass, directory } = await opened();
    state.snapshot = { ...first, version: 2, keys: [{ ...key, expiresAt: 2_500 }] };
    await pass(2_000);
    expect(show()).toMatchObject({ ok: true });
    expect(directory.liveKeys('rm')).toBe(1);
    await pass(500);
    expect(show()).toMatchObject(refusedAs('unauthenticated'));
    expect(directory.liveKeys('rm')).toBe(0);
  });

  it('goes on with what it knew while the ledger is away, for fifteen minutes and no longer', async () => {
    const { state, show, pass } = await opened();
    state.isAway = true;
    for (let n = 0; n < 450; n += 1) await pass(2_000);
    expect(show()).toMatchObject({ ok: true });
    await pass(2_000);
    expect(show()).toMatchObject(refusedAs('storage_unavailable'));
    state.isAway = false;
    await pass(2_000);
    expect(show()).toMatchObject({ ok: true });
  });

  it('does not go back to an older state that comes late', async () => {
    const { state, directory, show } = await opened();
    state.snapshot = { ...first, version: 3, keys: [] };
    await directory.refresh();
    state.snapshot = { ...first, version: 2 };
    await directory.refresh();
    expect(show()).toMatchObject(refusedAs('unauthenticated'));
  });

  it('takes the team of the file before the one of the ledger, and keys of both', async () => {
    const { directory, show } = await opened();
    directory.use(new Map([['rm', { ...settings, share: 7, policies: ['strict'] }]]));
    expect(directory.find('rm')).toMatchObject({ source: 'file', settings: { share: 7 } });
    expect(show()).toMatchObject({ principal: { policies: new Set(['strict']) } });
    directory.use(new Map());
    expect(directory.find('rm')).toMatchObject({ source: 'ledger', settings: { share: 3 } });
  });

  it('opens nothing with the key of a team that is gone', async () => {
    const { state, show, pass } = await opened();
    state.snapshot = { ...first, version: 2, teams: [] };
    await pass(2_000);
    expect(show()).toMatchObject(refusedAs('unauthenticated'));
  });

  it('writes down once a minute which keys were used, and at the end', async () => {
    const { state, show, pass, directory } = await opened();
    void show();
    void show();
    await pass(60_000);
    expect(state.used).toEqual([['k1']]);
    void show();
    await directory.close();
    expect(state.used).toEqual([['k1'], ['k1']]);
  });
});
