import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFetchKeys } from '../../src/tenancy/oidc/fetch-keys.ts';
import { createKeySet } from '../../src/tenancy/oidc/key-set.ts';
import { createOidcAuthenticator } from '../../src/tenancy/oidc/authenticator.ts';
import { manualClock } from '../fakes/clock.ts';
import { quietLogger } from '../fakes/embedded-store.ts';
import { type FeedbackGateway, startFeedbackGateway } from '../fakes/feedback-gateway.ts';

const ISSUER = 'https://id.example.com/';
const AUDIENCE = 'assay';

/** An issuer on loopback: serves what the test says, and counts how often it was asked. */
class Issuer {
  readonly #server: Server;
  keys: JWK[] = [];
  asked = 0;
  isDown = false;
  body: string | null = null;

  constructor() {
    this.#server = createServer((_request, response) => {
      this.asked += 1;
      if (this.isDown) response.writeHead(503).end();
      else response.end(this.body ?? JSON.stringify({ keys: this.keys }));
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const { port } = this.#server.address() as AddressInfo; // it listens on TCP
    return `http://127.0.0.1:${port}/jwks`;
  }

  close(): void {
    this.#server.close();
  }
}

async function keyPair(kid: string, alg = 'ES256') {
  const { privateKey, publicKey } = await generateKeyPair(alg);
  return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg } };
}

type Key = Awaited<ReturnType<typeof keyPair>>;

interface Token {
  readonly key: Key;
  readonly claims?: Record<string, unknown>;
  readonly issuer?: string;
  readonly audience?: string;
  readonly alg?: string;
  /** Seconds since 1970. */
  readonly expires?: number;
}

const SOON = Math.floor(Date.now() / 1_000) + 3_600;

function tokenOf({ key, claims = { groups: ['ml'] }, issuer = ISSUER, audience = AUDIENCE, ...rest }: Token) {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: rest.alg ?? 'ES256', kid: key.jwk.kid })
    .setSubject('ada')
    .setIssuer(issuer)
    .setAudience(audience)
    .setExpirationTime(rest.expires ?? SOON)
    .sign(key.privateKey);
}

describe('tokens of an OIDC issuer', () => {
  const issuer = new Issuer();
  let gateway: FeedbackGateway;
  let key: Key;
  beforeAll(async () => {
    key = await keyPair('one');
    issuer.keys = [key.jwk];
    gateway = await startFeedbackGateway({
      judges: { pairs: { engine: 'small' } },
      policies: { default: { tiers: ['pairs'] }, other: { tiers: ['pairs'] } },
      teams: { modelling: { policies: ['default'] }, eval: {} },
      oidc: {
        issuer: ISSUER,
        audience: AUDIENCE,
        jwks: await issuer.listen(),
        teams: { ml: 'modelling', research: 'eval' },
        scopes: { values: { 'assay.read': 'read', 'assay.submit': 'submit' } },
      },
    });
  });
  afterAll(async () => {
    await gateway.close();
    issuer.close();
  });

  const may = { groups: ['ml'], scope: 'openid assay.read assay.submit' };
  const budget = (token: string) =>
    fetch(`${gateway.url}/v1/feedback/budget`, { headers: { authorization: `Bearer ${token}` } });
  const judge = (token: string, policy: string) =>
    fetch(`${gateway.url}/t/${token}/v1/feedback/preferences`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ policy, items: [{ prompt: 'Is it raw?', candidates: ['yes', 'no'] }] }),
    });

  it('stand for the team that the configuration names, in a header and in a path', async () => {
    const token = await tokenOf({ key, claims: may });
    const answer = await budget(token);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ team: 'modelling' });
    expect((await judge(token, 'default')).status).toBe(200);
    expect((await judge(token, 'other')).status).toBe(403);
    const research = await budget(await tokenOf({ key, claims: { ...may, groups: 'research' } }));
    expect(await research.json()).toMatchObject({ team: 'eval' });
  });

  it('allow what their scopes say', async () => {
    const token = await tokenOf({ key, claims: { groups: ['ml'], scope: 'assay.read' } });
    expect((await budget(token)).status).toBe(200);
    expect((await judge(token, 'default')).status).toBe(403);
  });

  it('are refused like a wrong key, whatever is wrong', async () => {
    const other = await keyPair('one');
    const rsa = await keyPair('one', 'PS256');
    const none = [{ alg: 'none' }, { iss: ISSUER, aud: AUDIENCE, exp: SOON, ...may }]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    const wrong = await Promise.all([
      tokenOf({ key, claims: may, expires: Math.floor(Date.now() / 1_000) - 60 }),
      tokenOf({ key, claims: may, audience: 'another' }),
      tokenOf({ key, claims: may, issuer: 'https://evil.example.com/' }),
      tokenOf({ key, claims: { ...may, groups: ['sales'] } }),
      tokenOf({ key: other, claims: may }),
      tokenOf({ key: rsa, claims: may, alg: 'PS256' }),
    ]);
    const unsigned = [`${none}.`, `${none}.c2lnbmF0dXJl`];
    const answers = await Promise.all([...wrong, ...unsigned].map(budget));
    const told = await Promise.all(answers.map(async (answer) => [answer.status, await answer.json()]));
    for (const each of told) {
      expect(each).toEqual([
        401,
        {
          error: {
            message: 'the API key is missing or not valid',
            type: 'authentication_error',
            param: null,
            code: 'unauthenticated',
          },
        },
      ]);
    }
  });
});

describe('the keys of an issuer', () => {
  const open = async () => {
    const issuer = new Issuer();
    const key = await keyPair('one');
    issuer.keys = [key.jwk];
    const clock = manualClock();
    clock.advance(Date.now());
    const keys = createKeySet({
      fetch: createFetchKeys(await issuer.listen()),
      maxAgeMs: 3_600_000,
      clock,
      logger: quietLogger(),
    });
    const rules = {
      issuer: ISSUER,
      audience: AUDIENCE,
      algorithms: ['ES256'],
      clockToleranceSeconds: 0,
      teamClaim: 'groups',
      teams: new Map([['ml', { team: 'modelling', policies: null }]]),
      scopes: null,
    };
    const door = createOidcAuthenticator(rules, keys, { clock, logger: quietLogger() });
    const show = async (with_: Key, expires = SOON + 86_400) => {
      const token = await tokenOf({ key: with_, expires });
      const found = await door.authenticate({ authorization: `Bearer ${token}`, address: '127.0.0.1' });
      return found.ok ? found.principal.keyId : found.refusal.code;
    };
    return { issuer, key, clock, show, [Symbol.dispose]: () => issuer.close() };
  };

  it('are fetched once for many tokens, and again for a key that is not known, but not for each', async () => {
    using door = await open();
    const { issuer, key, clock, show } = door;
    expect(await Promise.all([show(key), show(key), show(key)])).toEqual([
      'oidc:ada',
      'oidc:ada',
      'oidc:ada',
    ]);
    expect(issuer.asked).toBe(1);
    const next = await keyPair('two');
    issuer.keys = [next.jwk];
    clock.advance(10_000);
    expect(await show(next)).toBe('oidc:ada');
    expect(issuer.asked).toBe(2);
    expect(await show(key)).toBe('unauthenticated');
    const made = await keyPair('made-up');
    for (let n = 0; n < 5; n += 1) expect(await show(made)).toBe('unauthenticated');
    expect(issuer.asked).toBe(2);
  });

  it('answer on while the issuer is down, and for no longer than they may', async () => {
    using door = await open();
    const { issuer, key, clock, show } = door;
    expect(await show(key)).toBe('oidc:ada');
    issuer.isDown = true;
    clock.advance(3_000_000);
    expect(await show(key)).toBe('oidc:ada');
    clock.advance(700_000);
    expect(await show(key)).toBe('storage_unavailable');
    issuer.isDown = false;
    clock.advance(10_000);
    expect(await show(key)).toBe('oidc:ada');
  });

  it.each(['{}', 'not json', '{"keys": [{}]}', `{"keys": [], "x": "${'x'.repeat(300_000)}"}`])(
    'are not made of %.20s',
    async (body) => {
      using door = await open();
      door.issuer.body = body;
      expect(await door.show(door.key)).toBe('storage_unavailable');
    },
  );

  it('let a token expire to the second', async () => {
    using door = await open();
    const now = Math.floor(door.clock.now() / 1_000);
    expect(await door.show(door.key, now + 5)).toBe('oidc:ada');
    door.clock.advance(6_000);
    expect(await door.show(door.key, now + 5)).toBe('unauthenticated');
  });
});
