import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { stringify } from 'yaml';
import { z } from 'zod';
import { startCountingEngine, type CountingEngine } from './counting-engine.ts';
import { seededRandom } from './seeded-random.ts';
import { freePort, SupervisedGateway } from './supervised-gateway.ts';

/**
 * A job under a gateway that is killed again and again, with three records that know nothing of each other: what
 * the client was told, what the engine was asked, and what the database holds in the end.
 */
export interface ChaosPlan {
  readonly items: number;
  readonly kills: number;
  readonly seed: number;
  /** Items at once. */
  readonly concurrency: number;
}

export interface ChaosReport {
  /** Ids of the jobs that the client was promised, each once. */
  readonly promised: readonly string[];
  /** Of all results of these jobs. */
  readonly rows: readonly { readonly job: string; readonly index: number; readonly outcome: string }[];
  readonly jobs: readonly { readonly id: string; readonly items: number; readonly finished: number }[];
  /** Calls of the engine for items beyond one for each. */
  readonly repeated: number;
  readonly never: number;
  /** Milliseconds from each death until something new was finished. */
  readonly resumedMs: readonly number[];
}

const jobSchema = z.object({ id: z.string(), items: z.int(), finished: z.int(), state: z.string() });
const rowSchema = z.object({ index: z.int(), outcome: z.string() });
const JOBS = '/v1/feedback/jobs';
const ENGINE_MS = 60;

export async function runChaos(plan: ChaosPlan): Promise<ChaosReport> {
  const folder = mkdtempSync(join(tmpdir(), 'assay-chaos-'));
  await using engine = await startCountingEngine('judge', ENGINE_MS);
  const port = await freePort();
  const config = join(folder, 'assay.yaml');
  writeFileSync(config, chaosConfig(engine, { port, concurrency: plan.concurrency }));
  await using gateway = new SupervisedGateway(config, port);
  try {
    await gateway.start();
    return await new Chaos(plan, gateway, engine).run();
  } catch (error) {
    throw new Error(`seed ${plan.seed}; the gateway said:\n${gateway.log().slice(-3000)}`, { cause: error });
  } finally {
    await gateway.end('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  }
}

export interface ChaosGateway {
  readonly port: number;
  /** Items at once. */
  readonly concurrency: number;
  /** Of the embedded database; beside the configuration when absent. */
  readonly directory?: string;
  readonly lookAwayMs?: number;
}

/** The configuration of a gateway with the embedded database and one judge. */
export function chaosConfig(
  engine: Pick<CountingEngine, 'url'>,
  { port, concurrency, directory = 'data', lookAwayMs = 0 }: ChaosGateway,
): string {
  return stringify({
    server: { port, drainMs: 5_000, lookAwayMs },
    storage: { kind: 'embedded', directory },
    jobs: { concurrency },
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
  });
}

class Chaos {
  readonly #plan: ChaosPlan;
  readonly #gateway: SupervisedGateway;
  readonly #engine: CountingEngine;
  readonly #promised = new Set<string>();
  readonly #resumedMs: number[] = [];
  readonly #random: () => number;

  constructor(plan: ChaosPlan, gateway: SupervisedGateway, engine: CountingEngine) {
    this.#plan = plan;
    this.#gateway = gateway;
    this.#engine = engine;
    this.#random = seededRandom(plan.seed);
  }

  async run(): Promise<ChaosReport> {
    const { items, kills } = this.#plan;
    const big = await this.#submit('big', items);
    for (let kill = 1; kill <= kills; kill += 1) {
      const before = (await this.#job(big)).finished;
      // Every other time a further job is just coming in.
      const small = kill % 2 === 0 ? this.#submitUntilPromised(`small-${kill}`, 5) : null;
      await delay(this.#random() * 900);
      const death = performance.now();
      await this.#gateway.end('SIGKILL');
      await this.#gateway.start();
      await this.#untilMoreThan(big, before);
      this.#resumedMs.push(performance.now() - death);
      await small;
    }
    return this.#report();
  }

  async #report(): Promise<ChaosReport> {
    const rows: { job: string; index: number; outcome: string }[] = [];
    const jobs: z.infer<typeof jobSchema>[] = [];
    for (const id of this.#promised) {
      const reply = await fetch(`${this.#gateway.url}${JOBS}/${id}/results?follow=true`);
      const lines = (await reply.text()).trimEnd().split('\n');
      rows.push(...lines.map((line) => ({ job: id, ...rowSchema.parse(JSON.parse(line)) })));
      jobs.push(await this.#job(id));
    }
    const { asked } = this.#engine;
    const total = jobs.reduce((sum, job) => sum + job.items, 0);
    const repeated = [...asked.values()].reduce((sum, times) => sum + times - 1, 0);
    const promised = [...this.#promised];
    return { promised, rows, jobs, repeated, never: total - asked.size, resumedMs: this.#resumedMs };
  }

  /** As a client does that was told to: with the same key, until there is an answer. */
  async #submitUntilPromised(key: string, items: number): Promise<string> {
    for (;;) {
      try {
        return await this.#submit(key, items);
      } catch {
        await delay(100);
      }
    }
  }

  async #submit(key: string, items: number): Promise<string> {
    const names = Array.from({ length: items }, (_, n) => `${key}-${n}`);
    const lines = names.map((id) => JSON.stringify({ id, prompt: `<<${id}>>`, candidates: ['x', 'y'] }));
    const reply = await fetch(this.#gateway.url + JOBS, {
      method: 'POST',
      headers: { 'content-type': 'application/jsonl', 'idempotency-key': key },
      body: lines.join('\n'),
    });
    if (reply.status !== 202) throw new Error(`answered ${reply.status}: ${await reply.text()}`);
    const { id } = jobSchema.parse(await reply.json());
    this.#promised.add(id);
    return id;
  }

  async #job(id: string): Promise<z.infer<typeof jobSchema>> {
    return jobSchema.parse(await (await fetch(`${this.#gateway.url}${JOBS}/${id}`)).json());
  }

  /** Until the job went on, or is over. */
  async #untilMoreThan(id: string, finished: number): Promise<void> {
    for (;;) {
      const job = await this.#job(id);
      if (job.finished > finished || job.state === 'completed') return;
      await delay(50);
    }
  }
}
