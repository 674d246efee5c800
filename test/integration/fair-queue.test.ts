import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { z } from 'zod';
import { createProgram } from '../../src/compose.ts';
import type { RunningGateway } from '../../src/contracts/program.ts';
import type { RunningSimulator } from '../../src/contracts/simulator.ts';
import { startSimulator } from '../../src/engines/simulator/simulator.ts';
import { cli } from '../fakes/cli-runner.ts';
import { quickSimulator } from '../fakes/quick-simulator.ts';

const queueSchema = z.object({
  data: z
    .array(
      z.object({
        queue: z.object({
          waiting: z.number(),
          running: z.number(),
          capacity: z.number(),
          lines: z.array(z.object({ class: z.string(), team: z.string(), waiting: z.number() })),
        }),
      }),
    )
    .length(1),
});
const replySchema = z.object({
  data: z.array(
    z.object({
      label: z.string().nullable(),
      error: z.object({ code: z.string() }).nullable().optional(),
      trail: z.array(z.object({ queued_ms: z.number() })),
    }),
  ),
});

const RED = 'assay_red_0123456789abcdefghij';
const BLUE = 'assay_blue_0123456789abcdefghij';

/** An engine that stands still while the test says so: 64 calls get to it, as its limit begins there. */
describe('a gateway whose engine is full', () => {
  const folder = mkdtempSync(join(tmpdir(), 'assay-queue-'));
  const path = join(folder, 'assay.yaml');
  let engine: RunningSimulator;
  let gateway: RunningGateway;
  let asked = 0;

  const setStuck = (stuck: boolean): Promise<Response> =>
    fetch(`${engine.url}/simulator/faults`, { method: 'POST', body: JSON.stringify({ hang: stuck }) });

  beforeAll(async () => {
    engine = await startSimulator(quickSimulator('judge', 0.1));
    write({});
    gateway = await createProgram({}).serve({
      source: { type: 'file', path },
      host: '127.0.0.1',
      port: 0,
      log: false,
    });
    await gateway.ready(20_000);
  });
  afterAll(async () => {
    await gateway.close();
    await engine.close();
    rmSync(folder, { recursive: true });
  });

  afterEach(() => setStuck(false));

  function write(queue: Record<string, number>, share = 1): void {
    const team = (key: string, id: string) => ({
      keys: [{ id, sha256: createHash('sha256').update(key).digest('hex') }],
    });
    writeFileSync(
      path,
      stringify({
        admin: { port: 0 },
        metrics: { port: 0 },
        storage: { kind: 'none' },
        engines: {
          judge: {
            kind: 'openai',
            replicas: [engine.url],
            model: 'judge',
            cost: { gpuHourUsd: 1 },
            queue,
            resilience: { stuckAfterMs: 60_000 },
          },
        },
        judges: { quick: { engine: 'judge' } },
        policies: { default: { tiers: ['quick'] } },
        teams: { red: { ...team(RED, 'red'), share }, blue: { ...team(BLUE, 'blue'), classes: ['batch'] } },
      }),
    );
  }
  const queue = async () =>
    queueSchema.parse(await (await fetch(`${gateway.adminUrl}/admin/engines`)).json()).data[0]?.queue;
  /** Resolves when so many calls are here, at the engine or waiting; tells how many wait. */
  const arrived = async (count: number): Promise<number> => {
    for (;;) {
      const { running = 0, waiting = 0 } = (await queue()) ?? {};
      if (running + waiting === count) return waiting;
    }
  };
  const judge = (count: number, key: string, headers: Record<string, string> = {}): Promise<Response> => {
    const items = Array.from({ length: count }, () => {
      asked += 1;
      return { prompt: `question ${asked}`, candidates: [`answer ${asked}`, `reply ${asked}`] };
    });
    return fetch(`${gateway.url}/v1/feedback/preferences`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}`, ...headers },
      body: JSON.stringify({ items }),
    });
  };
  const labels = async (reply: Response) => {
    const { data } = replySchema.parse(await reply.json());
    return {
      labelled: data.filter(({ label }) => label !== null).length,
      codes: [...new Set(data.map(({ error }) => error?.code).filter((code) => code !== undefined))],
      queued: data.some(({ trail }) => trail.some(({ queued_ms }) => queued_ms > 0)),
    };
  };

  it('shows who waits, labels all of them, and tells how long they waited', async () => {
    await setStuck(true);
    const red = judge(40, RED);
    expect(await arrived(80)).toBe(16);
    const blue = judge(5, BLUE);
    expect(await arrived(90)).toBe(26);
    expect(await queue()).toMatchObject({ running: 64, capacity: 64 });
    expect((await queue())?.lines).toMatchObject([
      { class: 'interactive', team: 'red', waiting: 16 },
      { class: 'batch', team: 'blue', waiting: 10 },
    ]);
    const figures = await (await fetch(String(gateway.metricsUrl))).text();
    expect(figures).toContain('assay_queue_waiting{engine="judge",class="interactive",team="red"} 16');
    expect(figures).toContain('assay_queue_running{engine="judge"} 64');
    const { stdout } = await cli(['engines', '--url', String(gateway.adminUrl)]);
    expect(stdout).toContain('queue: 26 waiting, 64 of 64 places taken');
    expect(stdout).toMatch(/interactive +red +16/);
    await setStuck(false);
    const reply = await red;
    expect(Number(reply.headers.get('x-assay-queued-ms'))).toBeGreaterThan(0);
    expect(await labels(reply)).toEqual({ labelled: 40, codes: [], queued: true });
    expect(await labels(await blue)).toEqual({ labelled: 5, codes: [], queued: true });
    const calm = await judge(1, RED);
    expect(calm.headers.get('x-assay-queued-ms')).toBeNull();
    expect(await labels(calm)).toEqual({ labelled: 1, codes: [], queued: false });
  });

  it('loses nobody who waits when the settings of the queue change, and keeps the engine', async () => {
    await setStuck(true);
    const red = judge(60, RED);
    const waiting = await arrived(120);
    expect(waiting).toBeGreaterThan(0);
    write({ maximumWaiting: 0 }, 5);
    const reload = await gateway.reload();
    expect(reload).toMatchObject({ ok: true, report: { engines: { kept: ['judge'], changed: [] } } });
    expect((await queue())?.waiting).toBe(waiting);
    // Of the new bound those feel it who come now.
    expect(await labels(await judge(1, RED))).toMatchObject({ labelled: 0, codes: ['overloaded'] });
    await setStuck(false);
    expect(await labels(await red)).toMatchObject({ labelled: 60, codes: [] });
    write({});
    await gateway.reload();
  });

  it('gives the place of a caller who leaves to the next one at once', async () => {
    await setStuck(true);
    const leaver = new AbortController();
    const left = fetch(`${gateway.url}/v1/feedback/preferences`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${RED}` },
      body: JSON.stringify({
        items: Array.from({ length: 60 }, (_, i) => ({ prompt: `left ${i}`, candidates: ['a', 'b'] })),
      }),
      signal: leaver.signal,
    }).catch(() => 'left');
    expect(await arrived(120)).toBeGreaterThan(0);
    leaver.abort();
    expect(await left).toBe('left');
    while ((await queue())?.running !== 0);
    expect(await queue()).toMatchObject({ waiting: 0, running: 0 });
    await setStuck(false);
    expect(await labels(await judge(1, RED))).toMatchObject({ labelled: 1 });
  });

  it('takes a class that the team may use, and no other', async () => {
    expect((await judge(1, RED, { 'x-assay-priority': 'trainer' })).status).toBe(200);
    expect((await judge(1, BLUE)).status).toBe(200);
    const unknown = await judge(1, RED, { 'x-assay-priority': 'audit' });
    expect(unknown.status).toBe(400);
    expect(await unknown.json()).toMatchObject({ error: { param: 'x-assay-priority' } });
    const forbidden = await judge(1, BLUE, { 'x-assay-priority': 'interactive' });
    expect(forbidden.status).toBe(403);
    expect(await forbidden.json()).toMatchObject({
      error: { code: 'forbidden', message: 'this team may not make calls of class interactive' },
    });
  });
});
