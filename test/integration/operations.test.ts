import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { z } from 'zod';
import { createProgram } from '../../src/compose.ts';
import type { RunningGateway } from '../../src/contracts/program.ts';
import type { RunningSimulator } from '../../src/contracts/simulator.ts';
import { startSimulator } from '../../src/engines/simulator/simulator.ts';
import { quickSimulator } from '../fakes/quick-simulator.ts';

const engineList = z.object({
  data: z.array(
    z.object({
      engine: z.string(),
      replicas: z.array(
        z.object({ name: z.string(), ready: z.boolean(), draining: z.boolean(), drained: z.boolean() }),
      ),
    }),
  ),
});
const verdicts = z.object({
  data: z.array(
    z.object({ label: z.string().nullable(), trail: z.array(z.object({ replica: z.string() })) }),
  ),
});

/** A running gateway as its operators meet it: two replicas of one engine, another engine, and the admin API. */
describe('operating a gateway', () => {
  const folder = mkdtempSync(join(tmpdir(), 'assay-operations-'));
  const path = join(folder, 'assay.yaml');
  let engines: RunningSimulator[] = [];
  let gateway: RunningGateway;
  let asked = 0;

  beforeAll(async () => {
    engines = await Promise.all(
      ['one', 'two', 'other'].map((model) =>
        startSimulator(quickSimulator('judge', model === 'other' ? 1 : 0.1)),
      ),
    );
    write({});
    gateway = await createProgram({}).serve({
      source: { type: 'file', path },
      host: '127.0.0.1',
      port: 0,
      log: false,
    });
    await gateway.ready(20_000);
    while (!(await replicas()).every(({ ready }) => ready));
  });
  afterAll(async () => {
    await gateway.close();
    await Promise.all(engines.map((engine) => engine.close()));
    rmSync(folder, { recursive: true });
  });

  function write(changes: Record<string, unknown>): void {
    const [one = '', two = '', other = ''] = engines.map(({ url }) => url);
    const engine = (urls: readonly string[], usd: number) => ({
      kind: 'openai',
      replicas: urls,
      model: 'judge',
      cost: { inputPerMtokUsd: usd, outputPerMtokUsd: usd },
    });
    writeFileSync(
      path,
      stringify({
        admin: { port: 0 },
        storage: { kind: 'none' },
        engines: { pair: engine([one, two], 1), single: engine([other], 1), spare: engine([other], 1) },
        judges: { quick: { engine: 'pair' }, strict: { engine: 'single' } },
        policies: { default: { tiers: ['quick'] } },
        ...changes,
      }),
    );
  }
  const admin = (route: string, options: RequestInit = {}): Promise<Response> =>
    fetch(`${gateway.adminUrl}${route}`, options);
  const replicas = async () => {
    const list = engineList.parse(await (await admin('/admin/engines')).json());
    return list.data.flatMap((engine) => engine.replicas);
  };
  const judge = async (count: number) => {
    const items = Array.from({ length: count }, () => {
      asked += 1;
      return { prompt: `question ${asked}`, candidates: [`answer ${asked}`, `reply ${asked}`] };
    });
    const answer = await fetch(`${gateway.url}/v1/feedback/preferences`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ items }),
    });
    return verdicts.parse(await answer.json()).data;
  };

  it('lists engines and replicas, also of an engine that no judge asks', async () => {
    expect((await replicas()).map(({ name, ready, draining }) => ({ name, ready, draining }))).toEqual([
      { name: 'pair/0', ready: true, draining: false },
      { name: 'pair/1', ready: true, draining: false },
      { name: 'single/0', ready: true, draining: false },
      { name: 'spare/0', ready: true, draining: false },
    ]);
  });

  it('drains a replica, which then gets no call, and takes it back', async () => {
    const drained = await admin('/admin/engines/pair/replicas/0/drain', { method: 'POST' });
    expect(await drained.json()).toMatchObject({
      name: 'pair/0',
      ready: false,
      draining: true,
      drained: true,
    });
    const during = await judge(40);
    expect(new Set(during.flatMap(({ trail }) => trail.map(({ replica }) => replica)))).toEqual(
      new Set(['pair/1']),
    );
    await admin('/admin/engines/pair/replicas/0/undrain', { method: 'POST' });
    const after = await judge(60);
    expect(new Set(after.flatMap(({ trail }) => trail.map(({ replica }) => replica)))).toEqual(
      new Set(['pair/0', 'pair/1']),
    );
  });

  it('knows no other replica, path or method, and no web page', async () => {
    const statuses = await Promise.all([
      admin('/admin/engines/pair/replicas/9/drain', { method: 'POST' }),
      admin('/admin/nothing'),
      admin('/admin/reload'),
      admin('/admin/engines', { headers: { origin: 'https://example.com' } }),
    ]);
    expect(statuses.map(({ status }) => status)).toEqual([404, 404, 405, 403]);
    expect(await statuses[0]?.json()).toMatchObject({ error: { code: 'not_found' } });
  });

  it('reloads: engines that did not change keep their warm replicas, and no item fails meanwhile', async () => {
    const running = Promise.all(Array.from({ length: 10 }, () => judge(20)));
    write({ policies: { default: { tiers: ['quick'] }, strict: { tiers: ['strict'] } } });
    const reply = await admin('/admin/reload', { method: 'POST' });
    expect(await reply.json()).toMatchObject({
      engines: { kept: ['pair', 'single', 'spare'], changed: [], added: [], removed: [] },
      notReady: [],
    });
    expect((await running).flat().every(({ label }) => label !== null)).toBe(true);
    const answer = await fetch(`${gateway.url}/v1/feedback/policies/strict`);
    expect(answer.status).toBe(200);
  });

  it('makes a changed engine anew and leaves the other alone', async () => {
    const [one = '', , other = ''] = engines.map(({ url }) => url);
    const engine = (urls: readonly string[], usd: number) => ({
      kind: 'openai',
      replicas: urls,
      model: 'judge',
      cost: { inputPerMtokUsd: usd, outputPerMtokUsd: usd },
    });
    write({ engines: { pair: engine([one], 1), single: engine([other], 1) } });
    const result = await gateway.reload();
    expect(result).toMatchObject({
      ok: true,
      report: { engines: { kept: ['single'], changed: ['pair'], removed: ['spare'] } },
    });
    expect((await judge(20)).every(({ label }) => label !== null)).toBe(true);
    expect((await replicas()).map(({ name }) => name)).toEqual(['pair/0', 'single/0']);
  });

  it('refuses a bad file whole, tells every problem, and goes on with the one before', async () => {
    write({ policies: { default: { tiers: ['nobody'], acceptAt: 2 } } });
    const reply = await admin('/admin/reload', { method: 'POST' });
    expect(reply.status).toBe(400);
    const text = await reply.text();
    expect(text).toContain('policies.default.tiers[0]');
    expect(text).toContain('policies.default.acceptAt');
    expect((await judge(5)).every(({ label }) => label !== null)).toBe(true);
  });
});
