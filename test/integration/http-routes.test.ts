import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestGateway, type TestGateway } from '../fakes/gateway.ts';
import { engineFailure, events, generatingEngine } from '../fakes/generating-engine.ts';
import { exchangeRaw } from '../fakes/raw-http.ts';

const small = generatingEngine('small', () => events([]));
const large = generatingEngine('large', () => engineFailure('internal').failure);

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway([small, large], {
    policies: [
      { name: 'default', tasks: ['preference'], engines: ['small'], deadlineMs: 30_000 },
      { name: 'strict', tasks: ['preference'], engines: ['large'], deadlineMs: 30_000 },
    ],
  });
});
afterAll(() => gateway[Symbol.asyncDispose]());

const AUTHORISED = { authorization: 'Bearer key-all' };

async function ask(
  path: string,
  init: RequestInit = {},
): Promise<{ status: number; body: unknown; headers: Headers }> {
  const response = await fetch(gateway.url + path, init);
  return { status: response.status, body: await response.json(), headers: response.headers };
}

describe('paths and methods', () => {
  it('an unknown path is 404 in the envelope', async () => {
    const { status, body } = await ask('/v1/nothing?x=1');
    expect(status).toBe(404);
    expect(body).toEqual({
      error: {
        message: 'there is no such path',
        type: 'invalid_request_error',
        param: null,
        code: 'not_found',
      },
    });
  });

  it.each([
    ['GET', '/v1/chat/completions', 'POST'],
    ['DELETE', '/v1/feedback/preferences', 'POST'],
    ['POST', '/v1/models', 'GET, HEAD'],
    ['PUT', '/healthz', 'GET, HEAD'],
  ])('%s %s is 405 and says what is allowed', async (method, path, allow) => {
    const { status, body, headers } = await ask(path, { method });
    expect([status, headers.get('allow')]).toEqual([405, allow]);
    expect(body).toMatchObject({ error: { code: 'method_not_allowed' } });
  });

  it.each(['/v1/models/%zz', '/%', '/docs/%ff'])('the path %s is 400 or 404, never 500', async (path) => {
    const { status } = await ask(path, { headers: AUTHORISED });
    expect([400, 404]).toContain(status);
  });

  it.each(['/V1/models', '/v1/models/', '//v1/models', '/v1/../v1/models%00'])(
    '%s is not /v1/models',
    async (path) => {
      const answer = await exchangeRaw(
        gateway.port,
        `GET ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer key-all\r\nconnection: close\r\n\r\n`,
      );
      expect(answer).toMatch(/^HTTP\/1\.1 404 /);
    },
  );

  it('a query or a host in the request line does not hide a route', async () => {
    const body = '{"items":[]}';
    const lines = (target: string) =>
      `POST ${target} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer key-all\r\ncontent-type: application/json\r\n` +
      `content-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`;
    const targets = ['/v1/feedback/preferences?api-version=1', 'http://other/v1/feedback/preferences'];
    const answers = await Promise.all(targets.map((target) => exchangeRaw(gateway.port, lines(target))));
    expect(answers.map((answer) => answer.slice(9, 12))).toEqual(['200', '200']);
  });
});

describe('request ids', () => {
  it('come from the client when harmless', async () => {
    const { headers } = await ask('/healthz', { headers: { 'x-request-id': 'abc-1.2_X' } });
    expect(headers.get('x-request-id')).toBe('abc-1.2_X');
  });

  it.each(['a b', 'x'.repeat(129), 'é', '<script>'])('are made anew for %j', async (sent) => {
    const { headers } = await ask('/healthz', { headers: { 'x-request-id': sent } });
    expect(headers.get('x-request-id')).toMatch(/^req_/);
  });

  it.each(['/healthz', '/readyz', '/openapi.json', '/v1/models', '/nothing', '/docs/nothing'])(
    'are on the answer of %s',
    async (path) => {
      const response = await fetch(gateway.url + path);
      expect(response.headers.get('x-request-id')).toMatch(/^req_/);
      expect(response.headers.get('x-powered-by')).toBeNull();
    },
  );
});

describe('keys', () => {
  it.each([undefined, 'Bearer wrong', 'Basic eDp5', ''])(
    '%j is 401 on every route of teams',
    async (authorization) => {
      const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
      const answers = await Promise.all([
        ask('/v1/models', { headers }),
        ask('/v1/models/small', { headers }),
        ask('/v1/feedback/preferences', { method: 'POST', headers, body: '{' }),
        ask('/v1/chat/completions', { method: 'POST', headers, body: '{' }),
        ask('/v1/completions', { method: 'POST', headers }),
        ask('/v1/embeddings', { method: 'POST', headers }),
      ]);
      for (const { status, body } of answers) {
        expect(status).toBe(401);
        expect(body).toMatchObject({ error: { code: 'unauthenticated', type: 'authentication_error' } });
      }
    },
  );

  it('of a team without the policy are 403', async () => {
    const headers = { authorization: 'Bearer key-default' };
    const preference = await gateway.post(
      '/v1/feedback/preferences',
      { policy: 'strict', items: [] },
      headers,
    );
    const chat = { model: 'assay/strict', messages: [{ role: 'user', content: 'x' }] };
    const generation = await gateway.post('/v1/chat/completions', chat, headers);
    const direct = await gateway.post('/v1/chat/completions', { ...chat, model: 'large' }, headers);
    expect([preference.status, generation.status, direct.status]).toEqual([403, 403, 403]);
    expect(await preference.json()).toMatchObject({ error: { code: 'forbidden', param: 'policy' } });
    expect(large.asked).toEqual([]);
  });
});

describe('models', () => {
  it('are listed', async () => {
    const { body } = await ask('/v1/models', { headers: AUTHORISED });
    const { object, data } = body as {
      object: string;
      data: { id: string; object: string; owned_by: string }[];
    };
    expect(object).toBe('list');
    expect(data.map((model) => model.id)).toEqual([
      'assay/default',
      'assay/strict',
      'small',
      'large',
      'small-model',
      'large-model',
    ]);
    expect(data[0]).toMatchObject({ object: 'model', owned_by: 'assay' });
  });

  it.each(['/v1/models/assay/default', '/v1/models/assay%2Fdefault', '/v1/models/assay%2fdefault'])(
    'are found at %s',
    async (path) => {
      const { status, body } = await ask(path, { headers: AUTHORISED });
      expect(status).toBe(200);
      expect(body).toMatchObject({ id: 'assay/default', object: 'model' });
    },
  );

  it('that do not exist are 404 and name those that do', async () => {
    const { status, body } = await ask('/v1/models/gpt', { headers: AUTHORISED });
    expect(status).toBe(404);
    expect(body).toMatchObject({
      error: { code: 'model_not_found', message: expect.stringContaining('assay/default') },
    });
  });
});

describe('operations', () => {
  it('healthz needs nothing', async () => {
    expect((await ask('/healthz')).body).toEqual({ status: 'ok' });
  });

  it('readyz tells which engine has no ready replica and why', async () => {
    expect(await ask('/readyz')).toMatchObject({ status: 200, body: { status: 'ready' } });
    large.setReady('warming up');
    const waiting = await ask('/readyz');
    large.setReady(null);
    expect(waiting.status).toBe(503);
    expect(waiting.body).toEqual({
      status: 'not_ready',
      engines: [
        { engine: 'small', replicas: 1, ready: 1, reasons: [] },
        { engine: 'large', replicas: 1, ready: 0, reasons: ['warming up'] },
      ],
    });
  });

  it('the API description is served without a key', async () => {
    const { status, body } = await ask('/openapi.json');
    expect(status).toBe(200);
    expect(body).toMatchObject({ openapi: '3.1.0', info: { version: '0.0.0-test' } });
  });

  it('the docs page comes with all its files and a strict content policy', async () => {
    const page = await fetch(`${gateway.url}/docs`);
    const html = await page.text();
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    const files = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path ?? '');
    expect(files).toHaveLength(4);
    expect(html).not.toMatch(/<script>|style=|https?:/);
    const answers = await Promise.all(files.map((path) => fetch(gateway.url + path)));
    const sizes = await Promise.all(answers.map(async (answer) => (await answer.arrayBuffer()).byteLength));
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200, 200]);
    expect(Math.min(...sizes)).toBeGreaterThan(50);
    expect(answers.map((answer) => answer.headers.get('content-type'))).toEqual([
      'text/css; charset=utf-8',
      'image/png',
      'text/javascript; charset=utf-8',
      'text/javascript; charset=utf-8',
    ]);
  });

  it.each(['package.json', '..%2Fpackage.json', 'index.html'])('the docs do not serve %s', async (file) => {
    expect((await ask(`/docs/${file}`)).status).toBe(404);
  });
});

describe('the access log', () => {
  it('has one line per request, with the route and never the path, the key or the body', async () => {
    const headers = { 'x-request-id': 'log-1' };
    await gateway.post('/v1/feedback/preferences?token=s3cret', { items: [{ prompt: 's3cret' }] }, headers);
    expect(await gateway.logged('log-1')).toEqual({
      level: 'info',
      message: 'request answered',
      fields: {
        requestId: 'log-1',
        method: 'POST',
        route: '/v1/feedback/preferences',
        status: 200,
        ms: expect.any(Number),
        team: 'all',
        keyId: 'k1',
        engine: null,
        error: null,
      },
    });
    await fetch(`${gateway.url}/t/s3cret/x`, { headers: { 'x-request-id': 'log-2' } });
    expect(await gateway.logged('log-2')).toMatchObject({
      fields: { route: 'unmatched', status: 404, team: null, error: 'not_found' },
    });
    expect(JSON.stringify(gateway.lines)).not.toMatch(/s3cret|key-all/);
  });
});
