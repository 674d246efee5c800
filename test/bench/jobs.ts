import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { z } from 'zod';
import { preferenceBody } from './bodies.ts';
import { rowsWritten } from './rows-written.ts';
import { STUB_MODEL } from './planted.ts';
import {
  cpuUsOf,
  freePort,
  type Load,
  memoryOf,
  type Served,
  startGateway,
  startLoad,
  startServer,
} from './processes.ts';

/**
 * `npm run bench:jobs`: what durability costs. One gateway with the embedded database judges the same pair, again
 * and again, first for callers that wait, then as one durable job, then for callers again; a second gateway without
 * a database tells what the ledger adds to a single call. Measures, never fails on a time.
 * Options: `--items N`, `--engine simulator|stub`, `--seconds S` of each synchronous load, `--profile DIR`.
 */
const { values: options } = parseArgs({
  options: {
    items: { type: 'string', default: '50000' },
    engine: { type: 'string', default: 'simulator' },
    seconds: { type: 'string', default: '5' },
    profile: { type: 'string' },
  },
});

const ITEMS = Number(options.items);
const SECONDS = Number(options.seconds);
/** At once, for callers that wait and for the job. */
const CONCURRENCY = 64;
const WARM_UP_REQUESTS = 5_000;
const SINGLE_MS = 2_000;

function configFor(engine: Served, port: number, key: string, storage: object): string {
  return stringify({
    server: { port },
    storage,
    jobs: { concurrency: CONCURRENCY },
    engines: {
      stub: {
        kind: 'openai',
        flavour: 'vllm',
        replicas: [`http://127.0.0.1:${engine.port}`],
        model: STUB_MODEL,
        cost: { gpuHourUsd: 1 },
      },
    },
    judges: { quick: { engine: 'stub' } },
    policies: { default: { tiers: ['quick'], cache: { ttlMs: 0 } } },
    teams: { bench: { keys: [{ id: 'bench', sha256: createHash('sha256').update(key).digest('hex') }] } },
  });
}

class Bench {
  readonly #load: Load;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(load: Load, key: string) {
    this.#load = load;
    this.#headers = { authorization: `Bearer ${key}` };
  }

  async judge(
    { port, pid }: Served,
    connections: number,
    limits: { milliseconds: number; maxRequests: number },
  ) {
    const path = '/v1/feedback/preferences';
    const about = { port, path, headers: this.#headers, body: preferenceBody(), expect: '"outcome":"ok"' };
    const cpu = cpuUsOf(pid);
    const report = await this.#load.run({ ...about, connections, ...limits });
    const perVerdict = (cpuUsOf(pid) - cpu) / report.requests;
    process.stderr.write(
      `${connections} callers: ${report.perSecond.toFixed(0)} verdicts/s, ${perVerdict.toFixed(0)} us of the gateway's CPU each\n`,
    );
    if (report.failures > 0) throw new Error(`wrong replies:\n${report.firstFailure}`);
    return report;
  }

  /** Hands a job in, line by line, and waits for its end; looks at the memory meanwhile. */
  async runJob(gateway: Served) {
    const url = `http://127.0.0.1:${gateway.port}/v1/feedback/jobs`;
    const begin = performance.now();
    const reply = await fetch(url, {
      method: 'POST',
      body: Readable.from(lines()),
      duplex: 'half',
      headers: { ...this.#headers, 'content-type': 'application/jsonl' },
    });
    const { id } = jobSchema.parse(await reply.json());
    const accepted = performance.now();
    const cpu = cpuUsOf(gateway.pid);
    let rssMb = 0;
    for (;;) {
      rssMb = Math.max(rssMb, memoryOf(gateway.pid).rssMb);
      const job = jobSchema.parse(await (await fetch(`${url}/${id}`, { headers: this.#headers })).json());
      if (job.state === 'completed') {
        if (job.outcomes['ok'] !== ITEMS) throw new Error(`ended with ${JSON.stringify(job.outcomes)}`);
        const perVerdict = (cpuUsOf(gateway.pid) - cpu) / ITEMS;
        process.stderr.write(`job: ${perVerdict.toFixed(0)} us of the gateway's CPU for each verdict\n`);
        return { acceptS: (accepted - begin) / 1000, runS: (performance.now() - accepted) / 1000, rssMb };
      }
      await delay(100);
    }
  }
}

const jobSchema = z.object({ id: z.string(), state: z.string(), outcomes: z.record(z.string(), z.int()) });

function* lines(): Generator<string, void> {
  const body: { items: Record<string, unknown>[] } = JSON.parse(preferenceBody());
  const [item] = body.items;
  for (let n = 0; n < ITEMS; n += 1) yield `${JSON.stringify({ ...item, id: `row-${n}` })}\n`;
}

async function main(): Promise<void> {
  const key = `assay_bench_${randomBytes(16).toString('hex')}`;
  const folder = mkdtempSync(join(tmpdir(), 'assay-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  // For the socket of the embedded database.
  process.env['TMPDIR'] = folder;
  await using load = startLoad();
  await using engine = await startServer(options.engine === 'stub' ? 'stub.ts' : 'simulator.ts');
  const start = async (name: string, storage: object): Promise<Served> => {
    const port = await freePort();
    const config = join(folder, `${name}.yaml`);
    writeFileSync(config, configFor(engine, port, key, storage));
    return startGateway({ config, port, log: join(folder, `${name}.log`), profile: options.profile ?? null });
  };
  const bench = new Bench(load, key);
  const figures = await (async () => {
    await using bare = await start('bare', { kind: 'none' });
    await using kept = await start('kept', { kind: 'embedded', directory: join(folder, 'data') });
    for (const gateway of [bare, kept]) {
      await bench.judge(gateway, CONCURRENCY, { milliseconds: 20_000, maxRequests: WARM_UP_REQUESTS });
    }
    process.stderr.write(`warmed up; resident: ${memoryOf(kept.pid).rssMb.toFixed(0)} MB\n`);
    const many = { milliseconds: SECONDS * 1000, maxRequests: 1_000_000 };
    const one = { milliseconds: SINGLE_MS, maxRequests: 1_000_000 };
    const before = await bench.judge(kept, CONCURRENCY, many);
    // Verdicts of callers are written within 100 ms behind their replies.
    await delay(500);
    const writesBefore = await rowsWritten(folder);
    const job = await bench.runJob(kept);
    const writes = (await rowsWritten(folder)) - writesBefore;
    process.stderr.write(
      `job done in ${job.runS.toFixed(1)} s after ${job.acceptS.toFixed(1)} s of intake\n`,
    );
    const after = await bench.judge(kept, CONCURRENCY, many);
    const added: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      const without = await bench.judge(bare, 1, one);
      const withLedger = await bench.judge(kept, 1, one);
      added.push(withLedger.p50Ms - without.p50Ms);
    }
    return {
      job,
      writes,
      sync: (before.perSecond + after.perSecond) / 2,
      added: added.toSorted((x, y) => x - y)[1] ?? 0,
    };
  })();
  const { job, writes, sync, added } = figures;
  const rate = ITEMS / job.runS;
  console.log(
    JSON.stringify({
      bench: 'jobs',
      engine: options.engine,
      items: ITEMS,
      accept_s: round(job.acceptS, 2),
      verdicts_per_s: Math.round(rate),
      sync_verdicts_per_s: Math.round(sync),
      durability_ratio: round(rate / sync, 3),
      gateway_rss_mb: Math.round(job.rssMb),
      writes_per_verdict: round(writes / ITEMS, 2),
      ledger_added_p50_ms: round(added, 3),
    }),
  );
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

await main();
