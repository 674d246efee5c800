import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Client } from 'pg';
import { stringify } from 'yaml';
import { z } from 'zod';
import { createProgram } from '../../src/compose.ts';
import type { RunningGateway } from '../../src/contracts/program.ts';
import { startSimulator } from '../../src/engines/simulator/simulator.ts';
import { quickSimulator } from '../fakes/quick-simulator.ts';
import { type RedisServer, startRedis } from '../fakes/redis-server.ts';
import { pairs } from './gateway-pair.ts';
import { type PostgresServer, startPostgres } from './postgres.ts';

const verdicts = z.object({
  data: z.array(
    z.object({
      label: z.string().nullable(),
      tier: z.string().nullable(),
      certificate: z.string().nullable(),
      cache: z.string().nullable(),
      cost: z.object({ usd: z.number() }),
    }),
  ),
});
const lanes = z.object({
  strata: z.array(z.object({ state: z.string(), certificate: z.string().nullable(), observations: z.int() })),
});

/** Two whole gateways of one PostgreSQL and one Redis; the second starts when the first has learned. */
describe('gateways that share both stores', () => {
  const opened = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'assay-both-'));
  const path = join(folder, 'assay.yaml');
  let postgres: PostgresServer;
  let first: RunningGateway;

  const serve = async (): Promise<RunningGateway> => {
    const source = { type: 'file' as const, path };
    const gateway = await createProgram({ DATABASE: postgres.url }).serve({
      source,
      host: '127.0.0.1',
      port: 0,
      log: false,
    });
    opened.defer(() => gateway.close());
    await gateway.ready(20_000);
    return gateway;
  };
  beforeAll(async () => {
    opened.defer(() => rmSync(folder, { recursive: true }));
    postgres = opened.use(await startPostgres());
    const redis = opened.use(await startRedis());
    const small = await startSimulator(quickSimulator('small', 1));
    opened.defer(() => small.close());
    const large = await startSimulator(quickSimulator('large', 0.1));
    opened.defer(() => large.close());
    writeFileSync(path, stringify(configOf(redis, { small: small.url, large: large.url })));
    first = await serve();
  });
  afterAll(() => opened.disposeAsync());

  const judge = async ({ url }: RunningGateway, items: readonly unknown[]) => {
    const answer = await fetch(`${url}/v1/feedback/preferences`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ items }),
    });
    expect(answer.status).toBe(200);
    return verdicts.parse(await answer.json()).data;
  };
  const laneOf = async ({ url }: RunningGateway) => {
    const answer = await fetch(`${url}/v1/feedback/policies/default`);
    const [lane] = lanes.parse(await answer.json()).strata;
    return lane ?? { state: 'none', certificate: null, observations: 0 };
  };
  /** Evidence is written behind the replies: what the next gateway will find. */
  const isWritten = async (certificate: string): Promise<boolean> => {
    const client = new Client({ connectionString: postgres.url });
    await client.connect();
    try {
      const { rows } = await client.query('SELECT memory::text FROM lane');
      return rows.some((row) => JSON.stringify(row).includes(certificate));
    } finally {
      await client.end();
    }
  };

  it('the second goes on with what the first learned and bought', async () => {
    await judge(first, pairs('learned', 150));
    await expect.poll(async () => (await laneOf(first)).state, { timeout: 20_000 }).toBe('certified');
    let bought = await judge(first, pairs('bought', 100));
    // A certificate that came meanwhile makes what the one before had released be asked once more.
    const again = async () => {
      bought = await judge(first, pairs('bought', 100));
      return bought.filter(({ cache }) => cache === 'exact').length;
    };
    await expect.poll(again, { timeout: 10_000 }).toBeGreaterThan(90);
    expect(bought.filter(({ tier }) => tier === 'quick').length).toBeGreaterThan(10);
    const written = async () => isWritten((await laneOf(first)).certificate ?? 'none');
    await expect.poll(written, { timeout: 10_000 }).toBe(true);

    const second = await serve();
    // It has judged nothing itself, and knows.
    const lane = await laneOf(second);
    expect(lane.state).toBe('certified');
    expect(lane.certificate).toMatch(/^crt_/);
    expect(lane.observations).toBeGreaterThan(100);

    // First what it gives again, before it learns more and has a certificate of its own.
    const given = await judge(second, pairs('bought', 100));
    const exact = given.filter(({ cache }) => cache === 'exact');
    expect(exact.some(({ certificate }) => certificate === lane.certificate)).toBe(true);
    for (const [i, { cache, cost, ...own }] of given.entries()) {
      const { label, tier, certificate } = bought[i] ?? {};
      if (tier === 'strict') expect(cache).toBe('exact');
      if (cache === 'exact') expect([own, cost.usd]).toEqual([{ label, tier, certificate }, 0]);
    }

    const fresh = await judge(second, pairs('fresh', 60));
    const released = fresh.filter(({ tier }) => tier === 'quick');
    expect(released.length).toBeGreaterThan(5);
    for (const { certificate } of released) expect(certificate).toMatch(/^crt_/);
  });
});

function configOf(redis: RedisServer, urls: { readonly small: string; readonly large: string }): unknown {
  const engine = (model: keyof typeof urls, usd: number) => ({
    kind: 'openai',
    replicas: [urls[model]],
    model,
    cost: { inputPerMtokUsd: usd, outputPerMtokUsd: usd },
  });
  return {
    admin: { port: 0 },
    storage: { kind: 'postgres', url: '${env:DATABASE}' },
    // Patient, so that a busy machine does not count as a fault.
    cache: { redis: { url: redis.url, readMs: 1_000, writeMs: 1_000 } },
    engines: { small: engine('small', 0.05), large: engine('large', 1) },
    judges: { quick: { engine: 'small' }, strict: { engine: 'large' } },
    policies: {
      default: { tiers: ['quick', 'strict'], target: { agreement: 0.9 }, audit: { share: 0.1 } },
    },
  };
}
