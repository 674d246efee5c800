import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';
import { createProgram } from '../../../src/compose.ts';

/** How the gateway in front of the faulty engines is configured; everything else is the default. */
export interface FleetOptions {
  readonly deadlineMs?: number;
  readonly stuckAfterMs?: number;
  readonly replyLimitBytes?: number;
  readonly retries?: number;
  /** `one` needs one engine call for each item, `both` needs two. */
  readonly orders?: 'one' | 'both';
}

const problem = z.object({ code: z.string(), message: z.string() }).nullable();
const verdict = z.object({
  item_id: z.string(),
  outcome: z.string(),
  label: z.string().nullable(),
  error: problem,
  trail: z.array(
    z.object({
      replica: z.string().nullable(),
      attempts: z.int(),
      fingerprint: z.string().nullable(),
      error: problem,
    }),
  ),
});
export type Judged = z.output<typeof verdict>;

const readiness = z.object({
  engines: z.tuple([z.object({ ready: z.int(), reasons: z.array(z.string()) })]),
});

/** A gateway as `assay serve` runs it, in front of the replicas of one engine. */
export interface Fleet extends AsyncDisposable {
  post(path: string, body: unknown): Promise<Response>;
  /** Judges one item in a request of its own; each number is another pair of texts. */
  judge(number: number): Promise<Judged>;
  /** Judges `count` items, the first of them number `from`, 16 at a time; `at` is called before that number. */
  judgeMany(
    count: number,
    at?: Readonly<Record<number, () => unknown>>,
    from?: number,
  ): Promise<readonly Judged[]>;
  /** Resolves when exactly so many replicas are ready. */
  ready(count: number): Promise<void>;
  /** Why the replicas that are not ready are not. */
  reasons(): Promise<readonly string[]>;
}

export async function startFleet(replicas: readonly string[], options: FleetOptions = {}): Promise<Fleet> {
  const folder = mkdtempSync(join(tmpdir(), 'assay-faults-'));
  const path = join(folder, 'assay.yaml');
  writeFileSync(path, configOf(replicas, options));
  const source = { type: 'file', path } as const;
  const gateway = await createProgram({}).serve({ source, host: '127.0.0.1', port: 0, log: false });
  const post = (route: string, body: unknown): Promise<Response> =>
    fetch(gateway.url + route, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const state = async () => {
    const reply = await fetch(`${gateway.url}/readyz`);
    return readiness.parse(await reply.json()).engines[0];
  };
  const judge = async (number: number): Promise<Judged> => {
    const reply = await post('/v1/feedback/preferences', { items: [pair(number)] });
    return z.object({ data: z.tuple([verdict]) }).parse(await reply.json()).data[0];
  };
  const fleet: Fleet = {
    post,
    judge,
    judgeMany: (count, at = {}, from = 0) =>
      inTurns(count, async (index) => {
        await at[from + index]?.();
        return judge(from + index);
      }),
    async ready(count) {
      while ((await state()).ready !== count);
    },
    reasons: async () => (await state()).reasons,
    async [Symbol.asyncDispose]() {
      await gateway.close();
      rmSync(folder, { recursive: true });
    },
  };
  await fleet.ready(replicas.length);
  return fleet;
}

function configOf(replicas: readonly string[], options: FleetOptions): string {
  const {
    deadlineMs = 10_000,
    orders = 'one',
    retries = 2,
    stuckAfterMs = 15_000,
    replyLimitBytes,
  } = options;
  return stringify({
    storage: { kind: 'none' },
    engines: {
      small: {
        kind: 'openai',
        flavour: 'vllm',
        model: 'judge',
        replicas,
        cost: { gpuHourUsd: 1 },
        resilience: { retries, stuckAfterMs },
        ...(replyLimitBytes === undefined ? {} : { replyLimitBytes }),
      },
    },
    judges: { quick: { engine: 'small', orders } },
    // The same pairs are judged again after a fault: by the engines, not from memory.
    policies: { default: { tiers: ['quick'], deadlineMs, cache: { ttlMs: 0 } } },
  });
}

function pair(number: number): object {
  return {
    id: `item-${number}`,
    prompt: `How many days has month ${number} of the calendar?`,
    candidates: [`It has ${number + 20} days.`, `Month ${number} is a long one, it has many days.`],
  };
}

const AT_ONCE = 16;

async function inTurns<T>(count: number, run: (index: number) => Promise<T>): Promise<readonly T[]> {
  const results: T[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const index = next++;
      results[index] = await run(index);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}

/** What came of many items: labels, failures by code, and the engine calls that the gateway says it made. */
export function summaryOf(verdicts: readonly Judged[]): {
  readonly labels: number;
  readonly failures: readonly string[];
  readonly attempts: number;
} {
  const failures = verdicts.flatMap(({ error }) => error?.code ?? []);
  const attempts = verdicts.flatMap(({ trail }) => trail.map((entry) => entry.attempts));
  return {
    labels: verdicts.filter(({ label }) => label !== null).length,
    failures,
    attempts: attempts.reduce((sum, each) => sum + each, 0),
  };
}
