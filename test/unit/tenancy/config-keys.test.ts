import { describe, expect, it } from 'vitest';
import {
  createKeyAuthenticator,
  createOpenAuthenticator,
  createOwnKey,
} from '../../../src/tenancy/config-keys.ts';

const KEY = 'assay_k1_abcdefghijklmnopqrstuvwxyz012345';
// sha256 of KEY, by `printf %s KEY | sha256sum`
const SHA256 = '6047b59327a4d16731f96e622d2a6306f030d90e8d810df044b54d1a6b253c35';

const authenticator = createKeyAuthenticator([
  { team: 'reward', policies: ['default'], keys: [{ id: 'k1', sha256: SHA256 }] },
  { team: 'other', policies: null, keys: [{ id: 'k2', sha256: '00'.repeat(32) }] },
]);

describe('keys from the configuration', () => {
  it('knows the team of a Bearer key', () => {
    expect(authenticator.authenticate(`Bearer ${KEY}`)).toEqual({
      team: 'reward',
      keyId: 'k1',
      policies: new Set(['default']),
    });
    expect(authenticator.authenticate(`bearer ${KEY}`).team).toBe('reward');
  });

  it('takes the key as the user name of Basic too', () => {
    const basic = Buffer.from(`${KEY}:`).toString('base64');
    expect(authenticator.authenticate(`Basic ${basic}`).team).toBe('reward');
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
  ])('answers %s with one and the same error', (_, header) => {
    expect(() => authenticator.authenticate(header)).toThrow(
      expect.objectContaining({ code: 'unauthenticated', message: 'the API key is missing or not valid' }),
    );
  });
});

describe('the key of the process itself', () => {
  it('opens a gateway that has other keys', () => {
    const own = createOwnKey();
    const both = createKeyAuthenticator([
      { team: 'reward', policies: [], keys: [{ id: 'k1', sha256: SHA256 }] },
      own.team,
    ]);
    expect(both.authenticate(`Bearer ${own.key}`)).toEqual({
      team: 'local',
      keyId: own.team.keys[0]?.id,
      policies: null,
    });
  });
});

describe('a gateway without keys', () => {
  it('takes everybody as the default team', () => {
    expect(createOpenAuthenticator().authenticate(undefined)).toEqual({
      team: 'default',
      keyId: null,
      policies: null,
    });
  });
});
