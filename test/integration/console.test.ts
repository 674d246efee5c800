import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_KEY, type OperatedGateway, startOperatedGateway } from '../fakes/operated-gateway.ts';

describe('the console and what it asks for', () => {
  let gateway: OperatedGateway;
  beforeAll(async () => {
    gateway = await startOperatedGateway();
  });
  afterAll(() => gateway[Symbol.asyncDispose]());

  const get = (path: string, key?: string): Promise<Response> =>
    fetch(
      `${gateway.adminUrl}${path}`,
      key === undefined ? {} : { headers: { authorization: `Bearer ${key}` } },
    );

  it('is a page without figures, under a policy that runs nothing but its own files', async () => {
    const page = await get('/console');
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    const html = await page.text();
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|https?:/);
    const named = [...html.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map((match) => match[1]);
    expect(named).toEqual(['/console/console.css', '/console/console.js']);
  });

  it('has less than 80 kB to load', async () => {
    const files = await Promise.all(
      ['/console', '/console/console.js', '/console/console.css'].map((path) => get(path)),
    );
    expect(files.map((file) => file.headers.get('content-type'))).toEqual([
      'text/html; charset=utf-8',
      'text/javascript; charset=utf-8',
      'text/css; charset=utf-8',
    ]);
    const sizes = await Promise.all(files.map(async (file) => gzipSync(await file.text()).length));
    expect(sizes.reduce((left, right) => left + right, 0)).toBeLessThan(80_000);
  });

  it('knows no other file, method or caller', async () => {
    const post = await fetch(`${gateway.adminUrl}/console`, { method: 'POST' });
    const others = await Promise.all([
      get('/console/console.js.map', ADMIN_KEY),
      get('/console/tsconfig.json', ADMIN_KEY),
      get('/admin/verdicts'),
      get('/admin/lanes', 'wrong'),
      get('/metrics'),
    ]);
    expect([post, ...others].map(({ status }) => status)).toEqual([405, 404, 404, 401, 401, 401]);
  });

  it('gets the newest verdicts with their trail, and none of their texts', async () => {
    await gateway.label('first');
    await gateway.label('second');
    const reply = await get('/admin/verdicts', ADMIN_KEY);
    const text = await reply.text();
    expect(text).not.toMatch(/Lima|Blue|city/);
    expect(JSON.parse(text)).toMatchObject({
      object: 'list',
      data: [
        { item_id: 'second', team: 'default', policy: 'default', cache: 'exact' },
        {
          item_id: 'first',
          outcome: 'tie',
          tier: 'quick',
          cache: null,
          decisions: [{ tier: 'quick', accepted: true }],
          trail: [{ replica: 'only/0', order: 'ab' }, { order: 'ba' }],
        },
      ],
    });
  });

  it('gets lanes, and is told that there are no jobs where nothing is kept', async () => {
    expect(await (await get('/admin/lanes', ADMIN_KEY)).json()).toEqual({ object: 'list', data: [] });
    const jobs = await get('/admin/jobs', ADMIN_KEY);
    expect([jobs.status, await jobs.json()]).toEqual([
      501,
      { error: expect.objectContaining({ code: 'storage_missing' }) },
    ]);
  });
});
