import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Refusal, Scope } from '../../src/contracts/authenticator.ts';
import { startTestGateway, type TestGateway } from '../fakes/gateway.ts';

const description = z.object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) });
/** Answered without a key. */
const OPEN = new Set(['/healthz', '/readyz']);

describe('scopes', () => {
  let gateway: TestGateway;
  const holder = (scopes: readonly Scope[]) => ({
    ok: true as const,
    principal: { team: 't', keyId: 'k', scopes: new Set(scopes), policies: null },
  });
  const holders = new Map([
    ['none', holder([])],
    ['read', holder(['read'])],
    ['submit', holder(['submit'])],
    ['admin', holder(['admin'])],
  ]);
  const refusals = new Map<string, Refusal>([
    ['hasty', { code: 'rate_limited', retryAfterMs: 41_500 }],
    ['blind', { code: 'storage_unavailable', retryAfterMs: 5_000 }],
  ]);

  beforeAll(async () => {
    gateway = await startTestGateway([], {
      authenticator: {
        authenticate: ({ authorization = '' }) =>
          holders.get(authorization) ?? {
            ok: false,
            refusal: refusals.get(authorization) ?? { code: 'unauthenticated', retryAfterMs: null },
          },
      },
    });
  });
  afterAll(() => gateway[Symbol.asyncDispose]());

  async function statuses(authorization: string): Promise<Map<string, number>> {
    const { paths } = description.parse(await (await fetch(`${gateway.url}/openapi.json`)).json());
    const routes = Object.entries(paths)
      .filter(([path]) => !OPEN.has(path))
      .flatMap(([path, methods]) =>
        Object.keys(methods).map((method) => [method.toUpperCase(), path] as const),
      );
    const answers = routes.map(async ([method, path]) => {
      const url = gateway.url + path.replaceAll(/\{\w+\}/g, 'x');
      const { status } = await fetch(url, { method, headers: { authorization } });
      return [`${method} ${path}`, status] as const;
    });
    return new Map(await Promise.all(answers));
  }

  it.each(['none', 'admin'])('a key with %s reaches no route of teams', async (key) => {
    const answered = await statuses(key);
    expect(answered.size).toBeGreaterThan(35);
    expect([...answered].filter(([, status]) => status !== 403)).toEqual([]);
  });

  it('a key that may read reaches what only looks', async () => {
    const reached = [...(await statuses('read'))]
      .filter(([, status]) => status !== 403)
      .map(([route]) => route);
    expect(reached.toSorted()).toEqual([
      'GET /v1/batches',
      'GET /v1/batches/{id}',
      'GET /v1/feedback/budget',
      'GET /v1/feedback/costs',
      'GET /v1/feedback/jobs',
      'GET /v1/feedback/jobs/{id}',
      'GET /v1/feedback/jobs/{id}/events',
      'GET /v1/feedback/jobs/{id}/results',
      'GET /v1/feedback/policies/{name}',
      'GET /v1/feedback/verdicts/{id}',
      'GET /v1/files',
      'GET /v1/files/{id}',
      'GET /v1/files/{id}/content',
      'GET /v1/models',
      'GET /v1/models/{id}',
      'GET /v1/responses/{id}',
    ]);
  });

  it('a key that may submit reaches the rest', async () => {
    const refused = [...(await statuses('submit'))].filter(([, status]) => status === 403);
    expect(refused.map(([route]) => route).every((route) => route.startsWith('GET '))).toBe(true);
    expect(refused).toHaveLength(16);
  });

  it.each([
    ['hasty', 429, 'rate_limited', '42'],
    ['blind', 503, 'storage_unavailable', '5'],
  ])('a caller who is %s is told when to come again', async (authorization, status, code, wait) => {
    const answer = await fetch(`${gateway.url}/v1/models`, { headers: { authorization } });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([status, wait]);
    expect(await answer.json()).toMatchObject({ error: { code } });
  });

  it('says which scope is missing', async () => {
    const answer = await fetch(`${gateway.url}/v1/models`, { headers: { authorization: 'submit' } });
    expect(await answer.json()).toMatchObject({
      error: { code: 'forbidden', message: 'the key does not allow this: it lacks the scope "read"' },
    });
  });
});
