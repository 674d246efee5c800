import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import { stringify } from 'yaml';
import { z } from 'zod';
import { freePort, startGateway, startServer } from './processes.ts';

/** What the queue before a full engine does for a small team, and for who is in a hurry. */
export interface FairnessFigures {
  /** Part of the computed tokens that the small one of two teams of equal share gets, whose load is a tenth. */
  readonly smallTeamShare: number;
  /** Milliseconds to a verdict, 95 % of interactive requests, at an idle engine and beside a batch that fills it. */
  readonly idleMs: number;
  readonly besideBatchMs: number;
}

/** An engine of 16 seats that takes 100 ms for a label: some 160 calls, or 80 pairs, a second. */
const ENGINE = ['16', '100'];
/** Time in which the gateway learns how much the engine bears, and in which it is measured. */
const LEARN_MS = 4_000;
const MEASURE_MS = 5_000;
/** Requests of each team that are out at once; each of both has more than the engine has seats. */
const LOADS = { big: 320, small: 32 };
const BATCH_LOAD = 128;
const TEAMS = ['big', 'small'] as const;
type Team = (typeof TEAMS)[number];

export async function measureFairness(folder: string): Promise<FairnessFigures> {
  const smallTeamShare = await withGateway(folder, shareOfSmallTeam);
  const waits = await withGateway(folder, waitOfInteractive);
  return { smallTeamShare, ...waits };
}

async function shareOfSmallTeam(ask: Ask): Promise<number> {
  const stop = new AbortController();
  const served = { big: 0, small: 0 };
  let isMeasured = false;
  const loops = TEAMS.map((team) =>
    keepBusy(LOADS[team], stop.signal, async () => {
      const tokens = await ask(team, 'interactive');
      if (isMeasured) served[team] += tokens;
    }),
  );
  await delay(LEARN_MS);
  isMeasured = true;
  await delay(MEASURE_MS);
  isMeasured = false;
  stop.abort();
  await Promise.all(loops);
  return served.small / (served.small + served.big);
}

async function waitOfInteractive(ask: Ask): Promise<{ idleMs: number; besideBatchMs: number }> {
  const idleMs = await latencyOf(ask);
  const stop = new AbortController();
  const batch = keepBusy(BATCH_LOAD, stop.signal, () => ask('big', 'batch'));
  await delay(LEARN_MS);
  const besideBatchMs = await latencyOf(ask);
  stop.abort();
  await batch;
  return { idleMs, besideBatchMs };
}

/** The 95 % quantile of requests that follow each other with small pauses. */
async function latencyOf(ask: Ask): Promise<number> {
  const times: number[] = [];
  const until = performance.now() + MEASURE_MS;
  while (performance.now() < until) {
    const from = performance.now();
    await ask('small', 'interactive');
    times.push(performance.now() - from);
    await delay(10 + 30 * Math.random());
  }
  return times.toSorted((x, y) => x - y)[Math.floor(times.length * 0.95)] ?? Number.NaN;
}

/** Keeps `count` requests out until `signal` says stop; resolves when the last is answered. */
async function keepBusy(count: number, signal: AbortSignal, ask: () => Promise<unknown>): Promise<void> {
  const loop = async (): Promise<void> => {
    while (!signal.aborted) await ask();
  };
  await Promise.all(Array.from({ length: count }, loop));
}

/** One pair for a team; gives the tokens that were computed for it. An item without a label is an error. */
type Ask = (team: Team, priority: 'interactive' | 'batch') => Promise<number>;

const replySchema = z.object({
  data: z
    .array(
      z.object({
        label: z.string(),
        cost: z.object({
          input_tokens: z.int(),
          cached_input_tokens: z.int(),
          output_tokens: z.int(),
        }),
      }),
    )
    .length(1),
});

async function withGateway<T>(folder: string, work: (ask: Ask) => Promise<T>): Promise<T> {
  await using engine = await startServer('batching-engine.ts', ENGINE);
  const port = await freePort();
  const config = join(folder, 'fairness.yaml');
  writeFileSync(config, configFor(port, engine.port));
  await using gateway = await startGateway({
    config,
    port,
    log: join(folder, 'fairness.log'),
    profile: null,
  });
  const pool = new Pool(`http://127.0.0.1:${gateway.port}`, { connections: null });
  let asked = 0;
  const ask: Ask = async (team, priority) => {
    asked += 1;
    const { body } = await pool.request({
      method: 'POST',
      path: '/v1/feedback/preferences',
      headers: {
        authorization: `Bearer ${keyOf(team)}`,
        'content-type': 'application/json',
        'x-assay-priority': priority,
      },
      body: bodyOf(asked),
    });
    const text = await body.text();
    const read = replySchema.safeParse(JSON.parse(text));
    if (!read.success) throw new Error(`no label: ${text}`);
    const { data } = read.data;
    return data.reduce(
      (sum, { cost }) => sum + cost.input_tokens - cost.cached_input_tokens + cost.output_tokens,
      0,
    );
  };
  try {
    return await work(ask);
  } finally {
    await pool.destroy();
  }
}

/** No two are alike, as labels are not asked twice. */
function bodyOf(n: number): string {
  const prompt = `Question ${n}: ${'what should one know about it? '.repeat(4)}`;
  const candidates = [`Answer one to ${n}. It is so.`, `Answer two to ${n}. It is not so.`];
  return JSON.stringify({ items: [{ prompt, candidates }] });
}

function keyOf(team: Team): string {
  return `assay_${team}_${'0123456789abcdefghij'}`;
}

function configFor(port: number, enginePort: number): string {
  const digest = (team: Team): string => createHash('sha256').update(keyOf(team)).digest('hex');
  return stringify({
    server: { port },
    storage: { kind: 'none' },
    engines: {
      judge: {
        kind: 'openai',
        replicas: [`http://127.0.0.1:${enginePort}`],
        model: 'judge',
        cost: { gpuHourUsd: 1 },
      },
    },
    judges: { quick: { engine: 'judge' } },
    policies: { default: { tiers: ['quick'] } },
    teams: Object.fromEntries(TEAMS.map((team) => [team, { keys: [{ id: team, sha256: digest(team) }] }])),
  });
}
