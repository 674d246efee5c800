import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { z } from 'zod';
import { migrate } from '../../src/ledger/migrate.ts';
import { openStore } from '../../src/ledger/store.ts';
import { jobStoreContract } from '../contracts/job-store.ts';
import { type CountingEngine, startCountingEngine } from '../fakes/counting-engine.ts';
import { quietLogger } from '../fakes/embedded-store.ts';
import { freePort, SupervisedGateway } from '../fakes/supervised-gateway.ts';
import { type PostgresServer, startPostgres } from './postgres.ts';

jobStoreContract('PostgreSQL', async () => {
  const server = await startPostgres();
  const logger = quietLogger();
  const store = openStore({ place: { url: server.url }, poolSize: 4, statementTimeoutMs: 15_000, logger });
  await migrate(store);
  return {
    store,
    async [Symbol.asyncDispose]() {
      await store.close();
      await server[Symbol.asyncDispose]();
    },
  };
});

const jobSchema = z.object({
  id: z.string(),
  state: z.string(),
  finished: z.int(),
  outcomes: z.record(z.string(), z.int()),
});
type Job = z.infer<typeof jobSchema>;

describe('two gateways on one PostgreSQL', () => {
  let postgres: PostgresServer;
  let folder: string;
  const closing: AsyncDisposable[] = [];
  beforeAll(async () => {
    postgres = await startPostgres();
    folder = mkdtempSync(join(tmpdir(), 'assay-two-'));
  });
  afterEach(async () => {
    for (const each of closing.splice(0)) await each[Symbol.asyncDispose]();
  });
  afterAll(async () => {
    await postgres?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const startEngine = async (): Promise<CountingEngine> => {
    const engine = await startCountingEngine('judge', 30);
    closing.unshift(engine);
    return engine;
  };
  const start = async (engine: CountingEngine): Promise<SupervisedGateway> => {
    const port = await freePort();
    const own = mkdtempSync(join(folder, 'gateway-'));
    const config = {
      server: { port, drainMs: 5_000 },
      storage: { kind: 'postgres', url: '${env:ASSAY_TEST_DATABASE}' },
      jobs: { concurrency: 8 },
      engines: {
        judge: {
          kind: 'openai',
          flavour: 'vllm',
          replicas: [engine.url],
          model: 'judge',
          cost: { gpuHourUsd: 1 },
        },
      },
      judges: { quick: { engine: 'judge', orders: 'one' } },
      policies: { default: { tiers: ['quick'], cache: { ttlMs: 0 } } },
    };
    writeFileSync(join(own, 'assay.yaml'), stringify(config));
    process.env['ASSAY_TEST_DATABASE'] = postgres.url;
    const gateway = new SupervisedGateway(join(own, 'assay.yaml'), port);
    closing.unshift(gateway);
    await gateway.start();
    return gateway;
  };
  const submit = async (gateway: SupervisedGateway, name: string, items: number): Promise<string> => {
    const ids = Array.from({ length: items }, (_, n) => `${name}-${n}`);
    const lines = ids.map((id) => JSON.stringify({ id, prompt: `<<${id}>>`, candidates: ['x', 'y'] }));
    const reply = await fetch(`${gateway.url}/v1/feedback/jobs`, {
      method: 'POST',
      headers: { 'content-type': 'application/jsonl' },
      body: lines.join('\n'),
    });
    expect(reply.status).toBe(202);
    return jobSchema.parse(await reply.json()).id;
  };
  const jobOf = async (gateway: SupervisedGateway, id: string): Promise<Job | null> => {
    const reply = await fetch(`${gateway.url}/v1/feedback/jobs/${id}`);
    const body = await reply.json();
    // Away, with the database, for a moment.
    return reply.status === 503 ? null : jobSchema.parse(body);
  };
  const until = async (
    gateway: SupervisedGateway,
    id: string,
    holds: (job: Job) => boolean,
  ): Promise<Job> => {
    for (;;) {
      const job = await jobOf(gateway, id);
      if (job !== null && holds(job)) return job;
      await delay(100);
    }
  };
  const rowsOf = async (gateway: SupervisedGateway, id: string) => {
    const text = await (await fetch(`${gateway.url}/v1/feedback/jobs/${id}/results`)).text();
    const lines = text.trimEnd().split('\n');
    return lines.map((line) => z.object({ index: z.int(), item_id: z.string() }).parse(JSON.parse(line)));
  };

  it('share the work of one job: each item is asked once, and ends once', async () => {
    const engine = await startEngine();
    const [one, other] = [await start(engine), await start(engine)];
    const id = await submit(one, 'shared', 1000);
    const job = await until(other, id, ({ state }) => state === 'completed');
    expect(job.outcomes).toEqual({ ok: 1000 });
    expect([...engine.asked.values()].filter((times) => times !== 1)).toEqual([]);
    expect((await rowsOf(one, id)).map(({ index }) => index)).toEqual(
      Array.from({ length: 1000 }, (_, n) => n),
    );
  });

  it('hand over at SIGTERM: nothing fails, nothing is asked twice', async () => {
    const engine = await startEngine();
    const [one, other] = [await start(engine), await start(engine)];
    const id = await submit(one, 'term', 600);
    await until(one, id, ({ finished }) => finished >= 50);
    expect(await one.end('SIGTERM')).toBe(0);
    const job = await until(other, id, ({ state }) => state === 'completed');
    expect(job.outcomes).toEqual({ ok: 600 });
    expect([...engine.asked.values()].filter((times) => times !== 1)).toEqual([]);
  });

  it('go on when one of them sleeps longer than its leases: what it says late is dropped', async () => {
    const engine = await startEngine();
    const zombie = await start(engine);
    const id = await submit(zombie, 'zombie', 400);
    await until(zombie, id, ({ finished }) => finished >= 20);
    process.kill(zombie.pid ?? 0, 'SIGSTOP');
    const other = await start(engine);
    const job = await until(other, id, ({ state }) => state === 'completed');
    expect(job.outcomes).toEqual({ ok: 400 });
    process.kill(zombie.pid ?? 0, 'SIGCONT');
    // The zombie is awake and sees that it lost: asked for the job, it says what the other said.
    expect(await until(zombie, id, ({ state }) => state === 'completed')).toEqual(job);
    expect(await zombie.end('SIGTERM')).toBe(0);
    const rows = await rowsOf(other, id);
    expect(new Set(rows.map(({ index }) => index)).size).toBe(400);
    expect(rows).toHaveLength(400);
  });

  it('survive that the database is stopped hard, twice', async () => {
    const engine = await startEngine();
    const [one, other] = [await start(engine), await start(engine)];
    const id = await submit(one, 'crash', 800);
    for (const finished of [50, 300]) {
      await until(one, id, (job) => job.finished >= finished);
      await postgres.stopHard();
      const refused = await fetch(`${other.url}/v1/feedback/jobs`, {
        method: 'POST',
        headers: { 'content-type': 'application/jsonl' },
        body: '{"prompt":"p","candidates":["x","y"]}',
      });
      expect(refused.status).toBe(503);
      await postgres.start();
    }
    const job = await until(other, id, ({ state }) => state === 'completed');
    expect(job.outcomes).toEqual({ ok: 800 });
    expect(new Set((await rowsOf(other, id)).map(({ item_id }) => item_id)).size).toBe(800);
  });
});
