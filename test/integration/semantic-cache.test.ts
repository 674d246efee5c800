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
      outcome: z.string(),
      label: z.string().nullable(),
      cached: z.boolean(),
      cache: z.string().nullable(),
      cost: z.object({ usd: z.number() }),
      decisions: z.array(z.object({ reason: z.string() })),
    }),
  ),
});
const cacheStats = z.object({
  semantic: z.object({
    entries: z.number(),
    found: z.number(),
    given: z.number(),
    compared: z.number(),
    differed: z.number(),
  }),
});

const KEYS = {
  one: 'assay_one_0123456789abcdef0123456789abcdef',
  two: 'assay_two_0123456789abcdef0123456789abcdef',
} as const;

const PROMPT =
  'Please explain to a child of primary school age what gravity is and why apples fall to the ground when they are ripe';
const CANDIDATES = [
  'Gravity is a pull between all things; the earth is large, so that it pulls every apple down to itself',
  'Apples are fruit that grow on trees in most gardens of the country and taste best in early autumn',
];
const LETTERS = 'a b c d e f g h i j k l m n o p'.split(' ');

/** Pairs that differ in one word of the prompt; `start` sets those of a test apart. */
function variants(start: string): { prompt: string; candidates: string[] }[] {
  return LETTERS.flatMap((one) =>
    LETTERS.slice(0, 4).map((two) => ({ prompt: `${PROMPT} ${start}${one}${two}`, candidates: CANDIDATES })),
  );
}

describe('the semantic cache of a gateway', () => {
  const folder = mkdtempSync(join(tmpdir(), 'assay-semantic-'));
  let engines: RunningSimulator[] = [];
  let gateway: RunningGateway;

  beforeAll(async () => {
    engines = await Promise.all([
      startSimulator(quickSimulator('judge', 0)),
      startSimulator(quickSimulator('vectors', 0)),
    ]);
    gateway = await serveConfig(folder, configOf(engines[0]?.url ?? '', engines[1]?.url ?? ''));
  });
  afterAll(async () => {
    await gateway.close();
    await Promise.all(engines.map((engine) => engine.close()));
    rmSync(folder, { recursive: true });
  });

  const judge = async (
    items: readonly unknown[],
    { policy = 'wording', team = 'one' }: { policy?: string; team?: keyof typeof KEYS } = {},
  ) => {
    const answer = await fetch(`${gateway.url}/v1/feedback/preferences`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEYS[team]}`, 'content-type': 'application/json' },
      body: JSON.stringify({ policy, items }),
    });
    expect(answer.status).toBe(200);
    return reply.parse(await answer.json()).data;
  };
  /** One after the other, so that each learns from those before it. */
  const inTurn = async (items: readonly unknown[], about: Parameters<typeof judge>[1] = {}) => {
    const verdicts = [];
    for (const item of items) verdicts.push(...(await judge([item], about)));
    return verdicts;
  };
  const stats = async () =>
    cacheStats.parse(await (await fetch(`${gateway.adminUrl ?? ''}/admin/cache`)).json()).semantic;

  it('gives labels of similar items at no cost, says so, and keeps to team, policy and guards', async () => {
    expect((await inTurn(variants('w').slice(0, 6))).map(({ cache }) => cache)).toEqual(
      Array.from({ length: 6 }, () => null),
    );
    const verdicts = await inTurn(variants('w').slice(6));
    const given = verdicts.filter(({ cache }) => cache === 'semantic');
    expect(given.length).toBeGreaterThan(5);
    expect(new Set(verdicts.map(({ label }) => label)).size).toBe(1);
    for (const { cached, cost, decisions } of given) {
      expect([cached, cost.usd]).toEqual([true, 0]);
      expect(decisions.at(-1)?.reason).toMatch(/^label of a similar item \(0\.9/);
    }
    const told = await stats();
    expect(told).toMatchObject({ entries: 1, found: 63, given: given.length, differed: 0 });
    expect(told.given + told.compared).toBe(63);

    const other = await inTurn(variants('x').slice(0, 6), { team: 'two' });
    expect(other.every(({ cache }) => cache === null)).toBe(true);
    const exact = await inTurn(variants('x').slice(0, 20), { policy: 'exact' });
    expect(exact.every(({ cache }) => cache === null)).toBe(true);
    const guarded = ['with 5 apples', 'and not pears', 'without a tree'].map((end) => ({
      prompt: `${PROMPT} ${end}`,
      candidates: CANDIDATES,
    }));
    expect((await judge(guarded)).every(({ cache }) => cache === null)).toBe(true);
  });

  it('takes the vectors of an engine, and judges when they cannot be had', async () => {
    const about = { policy: 'meaning' };
    const verdicts = await inTurn(variants('m'), about);
    expect(verdicts.filter(({ cache }) => cache === 'semantic').length).toBeGreaterThan(5);
    const fault = { method: 'POST', body: JSON.stringify({ overloaded: true }) };
    expect((await fetch(`${engines[1]?.url ?? ''}/simulator/faults`, fault)).status).toBe(200);
    const after = await inTurn(variants('n').slice(0, 8), about);
    expect(after.map(({ outcome, cache }) => [outcome, cache])).toEqual(
      Array.from({ length: 8 }, () => ['ok', null]),
    );
  });
});

function configOf(judge: string, vectors: string): unknown {
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
  const policy = (semantic?: unknown) => ({ tiers: ['strict'], cache: { recheck: { share: 0 }, semantic } });
  return {
    storage: { kind: 'none' },
    admin: { port: 0 },
    engines: { judge: engine(judge, 'judge'), vectors: engine(vectors, 'vectors') },
    judges: { strict: { engine: 'judge' } },
    policies: {
      default: policy(),
      exact: { ...policy(), acceptAt: 0.5 },
      wording: { ...policy({ maxError: 0.2 }), acceptAt: 0.6 },
      meaning: { ...policy({ maxError: 0.2, engine: 'vectors', embedMs: 5000 }), acceptAt: 0.7 },
    },
    teams: { one: team('one'), two: team('two') },
  };
}
