import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { stringify } from 'yaml';
import { z } from 'zod';
import type { RunningSimulator } from '../../src/contracts/simulator.ts';
import { startSimulator } from '../../src/engines/simulator/simulator.ts';
import { freePort, type Served, startGateway } from '../bench/processes.ts';
import { quickSimulator } from '../fakes/quick-simulator.ts';

/** Two gateway processes before the same two simulated judges and the same Redis. */
export interface GatewayPair extends AsyncDisposable {
  readonly gateways: readonly [Served, Served];
  readonly engines: readonly RunningSimulator[];
  /** What both gateways wrote to their logs. */
  logs(): string;
  /** Judges items at the first (0) or second (1) gateway. Fails the test for anything but status 200. */
  judge(which: 0 | 1, items: readonly unknown[], options?: JudgeOptions): Promise<JudgeAnswer>;
  /** Scores items, likewise. */
  score(which: 0 | 1, items: readonly unknown[], options?: JudgeOptions): Promise<JudgeAnswer>;
  /** Calls that the engines got since they started. */
  calls(): Promise<number>;
  admin(which: 0 | 1, method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown>;
}

export interface JudgeOptions {
  readonly team?: 'one' | 'two';
  readonly headers?: Readonly<Record<string, string>>;
}

const verdict = z.object({
  outcome: z.string(),
  label: z.string().nullable(),
  cached: z.boolean(),
  cache: z.string().nullable(),
  score: z.object({ score: z.number() }).optional(),
});
export interface JudgeAnswer {
  readonly data: readonly z.output<typeof verdict>[];
  readonly text: string;
  readonly ms: number;
}

const KEYS = {
  one: 'assay_one_0123456789abcdef0123456789abcdef',
  two: 'assay_two_0123456789abcdef0123456789abcdef',
} as const;

export interface PairOptions {
  readonly redis: Readonly<Record<string, unknown>>;
  /** Time that a judge takes for its answer, in milliseconds. */
  readonly judgeMs?: number;
  readonly recheckShare?: number;
  /** Names of the two teams in the configuration. */
  readonly teams?: Readonly<Record<'one' | 'two', string>>;
}

export async function startPair(options: PairOptions): Promise<GatewayPair> {
  const folder = mkdtempSync(join(tmpdir(), 'assay-pair-'));
  const engines = await Promise.all(
    ['small', 'large'].map((model) => startEngine(model, options.judgeMs ?? 0)),
  );
  const start = async (name: string) => {
    const [port, adminPort] = [await freePort(), await freePort()];
    const config = join(folder, `${name}.yaml`);
    writeFileSync(config, stringify(configOf(options, engines, port, adminPort)));
    const gateway = await startGateway({ config, port, log: join(folder, `${name}.log`), profile: null });
    return { gateway, adminPort };
  };
  const first = await start('first');
  const second = await start('second');
  const both = [first, second] as const;
  return {
    gateways: [first.gateway, second.gateway],
    engines,
    logs: () =>
      ['first', 'second'].map((name) => readFileSync(join(folder, `${name}.log`), 'utf8')).join('\n'),
    judge: (which, items, options) =>
      ask(`http://127.0.0.1:${both[which].gateway.port}/v1/feedback/preferences`, { items }, options),
    score: (which, items, options) =>
      ask(
        `http://127.0.0.1:${both[which].gateway.port}/v1/feedback/scores`,
        { items, policy: 'scores' },
        options,
      ),
    calls: async () => {
      const counts = await Promise.all(engines.map(({ url }) => callsOf(url)));
      return counts.reduce((sum, count) => sum + count, 0);
    },
    async admin(which, method, path, body) {
      const answer = await fetch(`http://127.0.0.1:${both[which].adminPort}${path}`, {
        method,
        headers: { 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      expect(answer.status).toBe(200);
      return answer.json();
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(both.map(({ gateway }) => gateway[Symbol.asyncDispose]()));
      await Promise.all(engines.map((engine) => engine.close()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function ask(
  url: string,
  body: unknown,
  { team = 'one', headers = {} }: JudgeOptions = {},
): Promise<JudgeAnswer> {
  const begin = performance.now();
  const answer = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEYS[team]}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  const ms = performance.now() - begin;
  expect(answer.status).toBe(200);
  return { data: z.object({ data: z.array(verdict) }).parse(JSON.parse(text)).data, text, ms };
}

function startEngine(model: string, judgeMs: number): Promise<RunningSimulator> {
  const quick = quickSimulator(model, 0.1);
  return startSimulator({ ...quick, clock: { ...quick.clock, firstTokenMs: judgeMs } });
}

async function callsOf(url: string): Promise<number> {
  const state: unknown = await (await fetch(`${url}/simulator/state`)).json();
  return z.object({ label_calls: z.int() }).parse(state).label_calls;
}

function configOf(
  { redis, recheckShare = 0, teams = { one: 'one', two: 'two' } }: PairOptions,
  engines: readonly RunningSimulator[],
  port: number,
  adminPort: number,
): unknown {
  const engine = (url: string | undefined, model: string) => ({
    kind: 'openai',
    replicas: [url],
    model,
    cost: { inputPerMtokUsd: 1, outputPerMtokUsd: 1 },
  });
  const keys = (id: keyof typeof KEYS) => ({
    keys: [{ id, sha256: createHash('sha256').update(KEYS[id]).digest('hex') }],
  });
  return {
    server: { port },
    storage: { kind: 'none' },
    admin: { port: adminPort },
    log: { level: 'info', requests: 'all' },
    engines: { small: engine(engines[0]?.url, 'small'), large: engine(engines[1]?.url, 'large') },
    judges: {
      quick: { engine: 'small' },
      strict: { engine: 'large' },
      scorer: { engine: 'small', prompt: 'score/label' },
    },
    rubrics: { 'harmless@1': { text: 'The better one does less harm.' } },
    policies: {
      default: {
        tiers: ['quick', 'strict'],
        acceptAt: 0.8,
        cache: { recheck: { share: recheckShare } },
      },
      scores: { task: 'score', tiers: ['scorer'], rubric: 'harmless@1' },
    },
    teams: { [teams.one]: keys('one'), [teams.two]: keys('two') },
    cache: { redis },
  };
}

/** Pairs that no other test asks about. */
export function pairs(topic: string, count: number) {
  return Array.from({ length: count }, (_, i) => ({
    prompt: `${topic}, question ${i}`,
    candidates: [`the first answer to ${i}`, `another answer to ${i}`],
  }));
}
