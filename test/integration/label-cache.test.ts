import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { RunningGateway } from '../../src/contracts/program.ts';
import type { RunningSimulator } from '../../src/contracts/simulator.ts';
import { startSimulator } from '../../src/engines/simulator/simulator.ts';
import { quickSimulator } from '../fakes/quick-simulator.ts';
import { serveConfig } from '../fakes/served-config.ts';

const reply = z.object({
  data: z.array(
    z.object({
      id: z.string(),
      outcome: z.string(),
      label: z.string().nullable(),
      probabilities: z.object({ a: z.number(), b: z.number(), tie: z.number() }).nullable(),
      cached: z.boolean(),
      cache: z.string().nullable(),
      cost: z.object({ usd: z.number() }),
      trail: z.array(z.object({ tier: z.string(), order: z.string(), cost_usd: z.number() })),
    }),
  ),
  summary: z.object({ cost_usd: z.number() }),
});

const KEYS = {
  one: 'assay_one_0123456789abcdef0123456789abcdef',
  two: 'assay_two_0123456789abcdef0123456789abcdef',
} as const;

/** A gateway with two teams before two simulated judges, whose calls are counted. */
describe('the label cache', () => {
  const folder = mkdtempSync(join(tmpdir(), 'assay-cache-'));
  let engines: RunningSimulator[] = [];
  let gateway: RunningGateway;

  beforeAll(async () => {
    engines = await Promise.all([
      startSimulator(quickSimulator('small', 0.1)),
      startSimulator(quickSimulator('large', 0.1)),
    ]);
    gateway = await serveConfig(folder, configOf(engines[0]?.url ?? '', engines[1]?.url ?? ''));
  });
  afterAll(async () => {
    await gateway.close();
    await Promise.all(engines.map((engine) => engine.close()));
    rmSync(folder, { recursive: true });
  });

  const judge = async (items: readonly unknown[], headers: Record<string, string> = {}) => {
    const answer = await fetch(`${gateway.url}/v1/feedback/preferences`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEYS.one}`, 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ items }),
    });
    expect(answer.status).toBe(200);
    return reply.parse(await answer.json());
  };
  /** Calls that both engines got while `work` ran. */
  const callsDuring = async <T>(work: () => Promise<T>): Promise<[T, number]> => {
    const before = await labelCalls(engines);
    const result = await work();
    return [result, (await labelCalls(engines)) - before];
  };

  it('answers the second time without any engine call, at no cost', async () => {
    const [first, asked] = await callsDuring(() => judge(pairs('again', 8)));
    expect(asked).toBeGreaterThanOrEqual(16);
    expect(first.summary.cost_usd).toBeGreaterThan(0);
    const [second, again] = await callsDuring(() => judge(pairs('again', 8)));
    expect(again).toBe(0);
    expect(second.summary.cost_usd).toBe(0);
    for (const [i, verdict] of second.data.entries()) {
      expect(verdict).toMatchObject({ cached: true, cache: 'exact', label: first.data[i]?.label });
      expect(verdict.probabilities).toEqual(first.data[i]?.probabilities);
      expect(verdict.id).not.toBe(first.data[i]?.id);
      expect(verdict.trail.length).toBe(first.data[i]?.trail.length);
      expect(verdict.trail.every(({ cost_usd }) => cost_usd === 0)).toBe(true);
    }
  });

  it('answers the exchanged pair from the same judgment, exchanged', async () => {
    const items = pairs('exchanged', 4);
    const first = await judge(items);
    const turned = items.map((item) => ({ ...item, candidates: item.candidates.toReversed() }));
    const [second, calls] = await callsDuring(() => judge(turned));
    expect(calls).toBe(0);
    const other: Record<string, string> = { a: 'b', b: 'a', tie: 'tie' };
    for (const [i, { cache, label, probabilities }] of second.data.entries()) {
      const before = first.data[i];
      expect(cache).toBe('flipped');
      expect(label).toBe(other[before?.label ?? '']);
      expect([probabilities?.a, probabilities?.b]).toEqual([
        before?.probabilities?.b,
        before?.probabilities?.a,
      ]);
    }
  });

  it("never answers one team from another one's labels", async () => {
    await judge(pairs('isolated', 2));
    const [other, calls] = await callsDuring(() =>
      judge(pairs('isolated', 2), { authorization: `Bearer ${KEYS.two}` }),
    );
    expect(calls).toBeGreaterThanOrEqual(4);
    expect(other.data.map(({ cached }) => cached)).toEqual([false, false]);
  });

  it('asks anew at no-cache and keeps the answer; at no-store it does neither', async () => {
    const noStore = { 'cache-control': 'max-age=0, No-Store' };
    expect((await callsDuring(() => judge(pairs('headers', 1), noStore)))[1]).toBeGreaterThanOrEqual(2);
    const noCache = { 'cache-control': 'no-cache' };
    expect((await callsDuring(() => judge(pairs('headers', 1), noCache)))[1]).toBeGreaterThanOrEqual(2);
    expect((await callsDuring(() => judge(pairs('headers', 1), noCache)))[1]).toBeGreaterThanOrEqual(2);
    expect((await callsDuring(() => judge(pairs('headers', 1))))[1]).toBe(0);
  });

  it('judges a thousand equal items that come at once a single time', async () => {
    const [item] = pairs('crowd', 1);
    const [, once] = await callsDuring(() => judge([item], { 'cache-control': 'no-store' }));
    const crowd = Array.from({ length: 10 }, () => judge(Array.from({ length: 100 }, () => item)));
    const [replies, calls] = await callsDuring(() => Promise.all(crowd));
    expect(calls).toBe(once);
    expect(replies.flatMap(({ data }) => data).length).toBe(1_000);
  });

  it('keeps no failure', async () => {
    await Promise.all(engines.map(({ url }) => fault(url, { overloaded: true })));
    const [failed] = (await judge(pairs('failing', 1))).data;
    expect(failed).toMatchObject({ outcome: 'engine_failed', label: null, cached: false, cache: null });
    await Promise.all(engines.map(({ url }) => fault(url, { reset: true })));
    await gateway.ready(20_000);
    await expect
      .poll(async () => (await judge(pairs('failing', 1))).data[0]?.label ?? null, { timeout: 15_000 })
      .not.toBeNull();
  });
});

async function fault(url: string, change: Readonly<Record<string, unknown>>): Promise<void> {
  const answer = await fetch(`${url}/simulator/faults`, { method: 'POST', body: JSON.stringify(change) });
  expect(answer.status).toBe(200);
}

async function labelCalls(engines: readonly RunningSimulator[]): Promise<number> {
  const states = await Promise.all(
    engines.map(async ({ url }) => {
      const state: unknown = await (await fetch(`${url}/simulator/state`)).json();
      return z.object({ label_calls: z.int() }).parse(state).label_calls;
    }),
  );
  return states.reduce((sum, calls) => sum + calls, 0);
}

function configOf(small: string, large: string): unknown {
  const engine = (url: string, model: string) => ({
    kind: 'openai',
    replicas: [url],
    model,
    cost: { inputPerMtokUsd: 1, outputPerMtokUsd: 1 },
    resilience: { retries: 0 },
  });
  const team = (id: keyof typeof KEYS) => ({
    keys: [{ id, sha256: createHash('sha256').update(KEYS[id]).digest('hex') }],
  });
  return {
    storage: { kind: 'none' },
    engines: { small: engine(small, 'small'), large: engine(large, 'large') },
    judges: { quick: { engine: 'small' }, strict: { engine: 'large' } },
    policies: {
      default: { tiers: ['quick', 'strict'], acceptAt: 0.8, cache: { recheck: { share: 0 } } },
    },
    teams: { one: team('one'), two: team('two') },
  };
}

/** Pairs that no other test asks about. */
function pairs(topic: string, count: number) {
  return Array.from({ length: count }, (_, i) => ({
    prompt: `${topic}, question ${i}`,
    candidates: [`the first answer to ${i}`, `another answer to ${i}`],
  }));
}
