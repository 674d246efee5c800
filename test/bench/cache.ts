import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { z } from 'zod';
import type { RunningSimulator } from '../../src/contracts/simulator.ts';
import { startSimulator } from '../../src/engines/simulator/simulator.ts';
import { type Pair, pairsOf } from './hh-pairs.ts';
import type { LoadReport } from './load.ts';
import { cpuUsOf, freePort, type Load, memoryOf, startGateway, startLoad } from './processes.ts';
import { quickSimulator } from '../fakes/quick-simulator.ts';
import { startRedis } from '../fakes/redis-server.ts';

/**
 * `npm run bench:cache`: what a label costs that was bought before. A gateway before two simulated judges
 * labels pairs, then the same pairs again: from memory, without an engine call. Measures, never fails on a
 * time; a second epoch that asks an engine, or a reply that is wrong, ends it with exit code 1.
 * Options: `--data FILE` (hh-rlhf JSONL for the two epochs; without it, made-up pairs), `--seconds S`.
 */
const { values: options } = parseArgs({
  options: { data: { type: 'string' }, seconds: { type: 'string', default: '5' } },
});

const MILLISECONDS = Number(options.seconds) * 1000;
const CONNECTIONS = 16;
const BATCH = 64;
/** Requests of 64 that are out at once: more of them only fill the memory. */
const BATCHES = 4;
/** Labels that one gateway gives from Redis to another. */
const SHARED_PAIRS = 1_000;
const PATH = '/v1/feedback/preferences';

/** The pairs of the file that can be judged; answers of everyday length when there is no file. */
function readPairs(path: string | undefined): Pair[] {
  if (path === undefined) {
    return Array.from({ length: 2_312 }, (_, i) => ({
      prompt: `Question ${i}: ${'what should one know about it? '.repeat(8)}`,
      candidates: [
        `Answer one to ${i}. ${'It is so. '.repeat(30)}`,
        `Answer two. ${'It is not. '.repeat(25)}`,
      ],
    }));
  }
  return pairsOf(path);
}

function configFor(port: number, [small, large]: readonly RunningSimulator[], redis: string | null): string {
  const engine = (url: string | undefined, model: string) => ({
    kind: 'openai',
    replicas: [url],
    model,
    cost: { inputPerMtokUsd: 1, outputPerMtokUsd: 1 },
  });
  return stringify({
    server: { port },
    storage: { kind: 'none' },
    engines: { small: engine(small?.url, 'small'), large: engine(large?.url, 'large') },
    ...(redis === null ? {} : { cache: { redis: { url: redis } } }),
    judges: { quick: { engine: 'small' }, strict: { engine: 'large' } },
    policies: {
      default: { tiers: ['quick', 'strict'], acceptAt: 0.8, cache: { recheck: { share: 0 } } },
    },
  });
}

const state = z.object({ label_calls: z.int() });

async function engineCalls(engines: readonly RunningSimulator[]): Promise<number> {
  let calls = 0;
  for (const { url } of engines) {
    calls += state.parse(await (await fetch(`${url}/simulator/state`)).json()).label_calls;
  }
  return calls;
}

interface Epoch {
  readonly perSecond: number;
  readonly calls: number;
  readonly labelled: number;
}

const summary = z.object({ summary: z.object({ ok: z.int() }) });

/** All pairs once, in requests of 64, two at a time. */
async function epoch(
  port: number,
  engines: readonly RunningSimulator[],
  pairs: readonly Pair[],
): Promise<Epoch> {
  const before = await engineCalls(engines);
  const begin = performance.now();
  let labelled = 0;
  const starts = Array.from({ length: Math.ceil(pairs.length / BATCH) }, (_, i) => i * BATCH).values();
  const send = async (): Promise<void> => {
    for (const start of starts) {
      const items = pairs.slice(start, start + BATCH);
      const answer = await fetch(`http://127.0.0.1:${port}${PATH}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ items }),
      });
      labelled += summary.parse(await answer.json()).summary.ok;
    }
  };
  await Promise.all([send(), send()]);
  const seconds = (performance.now() - begin) / 1000;
  return { perSecond: pairs.length / seconds, calls: (await engineCalls(engines)) - before, labelled };
}

interface Hits extends LoadReport {
  /** CPU time of the gateway for one request, in microseconds. */
  readonly cpuUs: number;
}

/** Hits under load; the reply must say that it is one. */
async function hits(
  load: Load,
  { port, pid }: { readonly port: number; readonly pid: number },
  items: readonly Pair[],
  connections: number,
): Promise<Hits> {
  const body = JSON.stringify({ items });
  const order = { port, path: PATH, headers: {}, body, expect: '"cached":true', connections };
  const limits = { milliseconds: MILLISECONDS, maxRequests: 10_000_000 };
  // Once for the labels, then until compilers come to rest.
  await load.run({ ...order, expect: '', connections: 1, milliseconds: 10_000, maxRequests: 1 });
  await load.run({ ...order, ...limits });
  const before = cpuUsOf(pid);
  const report = await load.run({ ...order, ...limits });
  const cpuUs = (cpuUsOf(pid) - before) / report.requests;
  if (report.failures > 0) throw new Error(`a hit is none:\n${report.firstFailure}`);
  return { ...report, cpuUs };
}

interface SharedHits {
  /** Medians of one request at a time, in milliseconds: the label came from Redis, and from memory after that. */
  readonly redisMs: number;
  readonly memoryMs: number;
}

/** One gateway buys labels, another one gives them, from Redis and then from memory; null without redis-server. */
async function sharedHits(
  folder: string,
  engines: readonly RunningSimulator[],
  pairs: readonly Pair[],
): Promise<SharedHits | null> {
  if (spawnSync('redis-server', ['--version']).status !== 0) return null;
  await using redis = await startRedis();
  const start = async (name: string) => {
    const port = await freePort();
    const config = join(folder, `${name}.yaml`);
    writeFileSync(config, configFor(port, engines, redis.url));
    return startGateway({ config, port, log: join(folder, `${name}.log`), profile: null });
  };
  await using buyer = await start('buyer');
  await using giver = await start('giver');
  const timesAt = async (port: number, expected: string): Promise<number> => {
    const times: number[] = [];
    for (const pair of pairs) {
      const begin = performance.now();
      const answer = await fetch(`http://127.0.0.1:${port}${PATH}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ items: [pair] }),
      });
      const text = await answer.text();
      // A gateway that has just started may find Redis late once, and then asks the judges.
      if (text.includes(expected)) times.push(performance.now() - begin);
    }
    if (times.length < 0.9 * pairs.length) throw new Error(`${times.length} hits of ${pairs.length}`);
    return times.toSorted((x, y) => x - y)[times.length >> 1] ?? Number.NaN;
  };
  await timesAt(buyer.port, '');
  // Until compilers come to rest, with labels of its own.
  await timesAt(buyer.port, '"cached":true');
  const redisMs = await timesAt(giver.port, '"cached":true');
  return { redisMs, memoryMs: await timesAt(giver.port, '"cached":true') };
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'assay-bench-cache-'));
  process.once('exit', () => rmSync(folder, { recursive: true }));
  const pairs = readPairs(options.data);
  const engines = await Promise.all(
    ['small', 'large'].map((model) => startSimulator(quickSimulator(model, 0.3))),
  );
  await using load = startLoad();
  const port = await freePort();
  const config = join(folder, 'assay.yaml');
  writeFileSync(config, configFor(port, engines, null));
  {
    await using gateway = await startGateway({
      config,
      port,
      log: join(folder, 'gateway.log'),
      profile: null,
    });
    const first = await epoch(port, engines, pairs);
    const second = await epoch(port, engines, pairs);
    const batch = await hits(load, gateway, pairs.slice(0, BATCH), BATCHES);
    const single = await hits(load, gateway, pairs.slice(0, 1), CONNECTIONS);
    const alone = await hits(load, gateway, pairs.slice(0, 1), 1);
    const { rssMb } = memoryOf(gateway.pid);
    const shared = await sharedHits(folder, engines, pairs.slice(0, SHARED_PAIRS));
    report({ pairs, first, second, batch, single, alone, shared, rssMb });
  }
  await Promise.all(engines.map((engine) => engine.close()));
}

function report({ pairs, first, second, batch, single, alone, shared, rssMb }: Figures): void {
  console.log(
    `first epoch:  ${first.perSecond.toFixed(0)} pairs/s, ${first.calls} engine calls for ${pairs.length} pairs`,
  );
  console.log(`second epoch: ${second.perSecond.toFixed(0)} pairs/s, ${second.calls} engine calls`);
  console.log(`hits, one a request, ${CONNECTIONS} connections: ${single.perSecond.toFixed(0)}/s`);
  const rate = (batch.perSecond * BATCH).toFixed(0);
  const cpuUs = batch.cpuUs / BATCH;
  console.log(
    `hits, ${BATCH} a request, ${BATCHES} connections: ${rate}/s, ${cpuUs.toFixed(1)} us of CPU for each`,
  );
  console.log(`one hit at a time: p50 ${alone.p50Ms.toFixed(3)} ms, p99 ${alone.p99Ms.toFixed(3)} ms`);
  if (shared !== null) {
    const [from, then] = [shared.redisMs.toFixed(3), shared.memoryMs.toFixed(3)];
    console.log(`one hit at a time by another client: p50 ${from} ms from Redis, ${then} ms from memory`);
  }
  console.log(`gateway: ${rssMb.toFixed(0)} MB resident\n`);
  const figures = {
    cached_single_per_s: Math.round(single.perSecond),
    cached_batch_per_s: Math.round(batch.perSecond * BATCH),
    cached_batch_cpu_us: Number(cpuUs.toFixed(1)),
    hit_p50_memory_ms: Number(alone.p50Ms.toFixed(3)),
    hit_p50_redis_ms: shared === null ? null : Number(shared.redisMs.toFixed(3)),
    second_epoch_engine_calls: second.calls,
  };
  console.log(JSON.stringify({ bench: 'cache', ...figures }));
  if (second.calls > 0 || second.labelled !== first.labelled) process.exitCode = 1;
}

interface Figures {
  readonly pairs: readonly Pair[];
  readonly first: Epoch;
  readonly second: Epoch;
  readonly batch: Hits;
  readonly single: LoadReport;
  readonly alone: LoadReport;
  readonly shared: SharedHits | null;
  readonly rssMb: number;
}

await main();
