import { describe, expect, it } from 'vitest';
import type { Authentication } from '../../../src/contracts/authenticator.ts';
import { anonymous, configKeys, createOwnKey } from '../../../src/tenancy/config-keys.ts';
import { createKeyAuthenticator, createOpenAuthenticator } from '../../../src/tenancy/key-authenticator.ts';
import { manualClock } from '../../fakes/clock.ts';

const KEY = 'assay_k1_abcdefghijklmnopqrstuvwxyz012345';
// sha256 of KEY, by `printf %s KEY | sha256sum`
const SHA256 = '6047b59327a4d16731f96e622d2a6306f030d90e8d810df044b54d1a6b253c35';

const reward = {
  team: 'reward',
  scopes: ['submit', 'read'] as const,
  policies: ['default'],
  keys: [{ id: 'k1', sha256: SHA256 }],
};
const other = {
  team: 'other',
  scopes: ['submit'] as const,
  policies: null,
  keys: [{ id: 'k2', sha256: '00'.repeat(32) }],
};

function authenticate(authorization: string | undefined): Authentication | Promise<Authentication> {
  const keys = configKeys([reward, other]);
  const authenticator = createKeyAuthenticator((id) => keys.get(id), manualClock());
  return authenticator.authenticate({ authorization, address: '127.0.0.1' });
}

describe('keys from the configuration', () => {
  const found = {
    ok: true,
    principal: {
      team: 'reward',
      keyId: 'k1',
      scopes: new Set(['submit', 'read']),
      policies: new Set(['default']),
    },
  };

  it('knows the team of a Bearer key', () => {
    expect(authenticate(`Bearer ${KEY}`)).toEqual(found);
    expect(authenticate(`bearer ${KEY}`)).toEqual(found);
  });

  it('gives a key the scopes that stand beside it', () => {
    const keys = configKeys([{ ...reward, keys: [{ id: 'k1', sha256: SHA256, scopes: ['read'] }] }]);
    expect(keys.get('k1')?.entry.principal.scopes).toEqual(new Set(['read']));
  });

  it('takes the key as the user name of Basic too', () => {
    expect(authenticate(`Basic ${Buffer.from(`${KEY}:`).toString('base64')}`)).toEqual(found);
  });

  it.each([
    ['nothing', undefined],
    ['an empty header', ''],
    ['another scheme', `Digest ${KEY}`],
    ['an unknown id', 'Bearer assay_zz_abcdefghijklmnopqrstuvwxyz012345'],
    ['a wrong secret', 'Bearer assay_k1_abcdefghijklmnopqrstuvwxyz01234X'],
    ['the stored hash itself', `Bearer ${SHA256}`],
    ['the id with the hash as secret', `Bearer assay_k1_${SHA256}`],
    ['a prototype name', 'Bearer assay___proto___abcdefghijklmnopqrstuvwxyz012345'],
    ['a quote', `Bearer ' OR 1=1 --`],
  ])('answers %s with one and the same refusal', (_, header) => {
    expect(authenticate(header)).toEqual({
      ok: false,
      refusal: { code: 'unauthenticated', retryAfterMs: null },
    });
  });
});

describe('the key of the process itself', () => {
  it('opens a gateway that has other keys', () => {
    const own = createOwnKey();
    const keys = configKeys([reward, own.team]);
    const both = createKeyAuthenticator((id) => keys.get(id), manualClock());
    expect(both.authenticate({ authorization: `Bearer ${own.key}`, address: '' })).toEqual({
      ok: true,
      principal: {
        team: 'local',
        keyId: own.team.keys[0]?.id,
        scopes: new Set(['submit', 'read']),
        policies: null,
      },
    });
  });
});

describe('a gateway without keys', () => {
  it('takes everybody as the same team', () => {
    const open = createOpenAuthenticator(anonymous('default', ['submit']));
    expect(open.authenticate({ authorization: undefined, address: '' })).toEqual({
      ok: true,
      principal: { team: 'default', keyId: null, scopes: new Set(['submit']), policies: null },
    });
  });
});
