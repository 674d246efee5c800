import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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
      tier: z.string().nullable(),
      certificate: z.string().nullable(),
      flags: z.array(z.string()),
      cache: z.string().nullable(),
    }),
  ),
});
const quality = z.object({
  difficulty: z.object({ outcomes: z.int() }),
  strata: z.array(
    z.object({
      stratum: z.string(),
      state: z.string(),
      certificate: z.string().nullable(),
      observations: z.int(),
      released: z.int(),
      audited: z.int(),
      awaiting_gold: z.int().nullable(),
      gold_agreement: z.object({ value: z.number(), labels: z.int() }).nullable(),
    }),
  ),
});

const anchorSet = z.object({
  anchors: z.array(
    z.object({
      judge: z.string(),
      items: z.int(),
      known: z.int(),
      repeated: z.int(),
      changed: z.int(),
      gold: z.int(),
      last_alarm: z.unknown(),
    }),
  ),
});

/** A gateway whose policy has a target, in front of a noisy small and a steady large simulated judge. */
describe('a policy with a target', () => {
  const folder = mkdtempSync(join(tmpdir(), 'assay-certified-'));
  let engines: RunningSimulator[] = [];
  let gateway: RunningGateway;

  beforeAll(async () => {
    engines = await Promise.all([
      startSimulator(quickSimulator('small', 1)),
      startSimulator(quickSimulator('large', 0.1)),
    ]);
    const [small, large] = engines.map(({ url }) => url);
    const anchors = pairs(9_000, 8).map((pair) => JSON.stringify({ ...pair, gold: 'a' }));
    writeFileSync(join(folder, 'anchors.jsonl'), anchors.join('\n'));
    gateway = await serveConfig(folder, configOf(small ?? '', large ?? ''));
  });
  afterAll(async () => {
    await gateway.close();
    await Promise.all(engines.map((engine) => engine.close()));
    rmSync(folder, { recursive: true });
  });

  const post = async (path: string, body: unknown): Promise<unknown> => {
    const answer = await fetch(gateway.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(answer.status).toBe(200);
    return answer.json();
  };
  const judge = async (from: number, count: number) =>
    reply.parse(await post('/v1/feedback/preferences', { items: pairs(from, count) })).data;
  const lane = async (policy = 'default') => {
    const answer = await fetch(`${gateway.url}/v1/feedback/policies/${policy}`);
    return quality.parse(await answer.json()).strata[0];
  };

  it('goes from the reference alone to a certificate, and tells what is proven', async () => {
    const cold = await judge(0, 150);
    expect(new Set(cold.map(({ tier }) => tier))).toEqual(new Set(['strict']));
    expect(
      cold.every(({ certificate, flags }) => certificate === null && !flags.includes('uncertified')),
    ).toBe(true);
    await expect.poll(async () => (await lane())?.state, { timeout: 10_000 }).toBe('certified');

    const warm = await judge(150, 300);
    const proven = warm.filter(({ tier }) => tier === 'quick');
    expect(proven.length).toBeGreaterThan(60);
    const { certificate, stratum } = (await lane()) ?? { certificate: null, stratum: null };
    expect(stratum).toBe('all');
    expect(certificate).toMatch(/^crt_/);
    for (const verdict of proven) expect(verdict.certificate).toMatch(/^crt_/);
    for (const { tier, certificate: own } of warm) if (tier === 'strict') expect(own).toBeNull();

    const answer = await fetch(`${gateway.url}/v1/feedback/policies/default`);
    // Each item teaches once: by what the small judge did, or by what was seen in its shadow.
    expect(quality.parse(await answer.json()).difficulty.outcomes).toBeGreaterThan(400);

    const gold = warm.slice(0, 100).map(({ id, label }) => ({ verdict_id: id, label: label ?? 'tie' }));
    expect(await post('/v1/feedback/outcomes', { outcomes: gold })).toMatchObject({ recorded: 100 });
    expect((await lane())?.gold_agreement).toMatchObject({ labels: expect.any(Number) });
  });

  it('gives labels again: those of the reference always, the others while their certificate is in force', async () => {
    const before = await judge(1_000, 60);
    const again = await judge(1_000, 60);
    for (const [i, { cache, label, tier, certificate }] of again.entries()) {
      if (before[i]?.tier === 'strict') expect(cache).toBe('exact');
      if (cache === 'exact') expect(before[i]).toMatchObject({ label, tier, certificate });
    }
    const gold = again.map(({ id, label }) => ({ verdict_id: id, label: label ?? 'tie' }));
    expect(await post('/v1/feedback/outcomes', { outcomes: gold })).toMatchObject({ recorded: 60 });
    // A certificate that came meanwhile makes what the one before had released be asked once more.
    const kept = async () => (await judge(1_000, 60)).filter(({ cache }) => cache === 'exact');
    await expect.poll(async () => (await kept()).length).toBe(60);
    expect((await kept()).some(({ certificate }) => certificate !== null)).toBe(true);
  });

  it('certifies against people where the policy asks for it, from the gold labels that come in', async () => {
    const body = { policy: 'people', items: pairs(5_000, 150) };
    const judged = reply.parse(await post('/v1/feedback/preferences', body)).data;
    const people = async () => (await lane('people')) ?? { state: 'none', awaiting_gold: -1 };
    // Pairs whose two orders cancel each other out have no label, and are no evidence.
    await expect.poll(async () => (await people()).awaiting_gold ?? -1).toBeGreaterThan(120);
    expect((await people()).state).toBe('cold');
    const gold = judged.map(({ id, label }) => ({ verdict_id: id, label: label ?? 'tie' }));
    await post('/v1/feedback/outcomes', { outcomes: gold });
    expect(await people()).toMatchObject({ state: 'certified', awaiting_gold: expect.any(Number) });
  });

  it('has every judge answer the anchor set again and again, and tells how', async () => {
    const watched = async () => {
      const answer = await fetch(`${gateway.url}/v1/feedback/policies/people`);
      return anchorSet.parse(await answer.json()).anchors;
    };
    await expect
      .poll(async () => (await watched()).filter(({ repeated }) => repeated > 3).length, { timeout: 10_000 })
      .toBe(2);
    for (const { items, known, gold, changed, last_alarm: alarm } of await watched()) {
      // Simulated judges answer the same item the same way.
      expect({ items, known, gold, changed, alarm }).toEqual({
        items: 8,
        known: 8,
        gold: 8,
        changed: 0,
        alarm: null,
      });
    }
    expect((await watched()).map(({ judge: name }) => name)).toEqual(['quick', 'strict']);
  });

  it('says what is wrong with gold labels, all at once', async () => {
    const answer = await fetch(`${gateway.url}/v1/feedback/outcomes`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ outcomes: [{ verdict_id: 'v', label: 'x' }, { label: 'a' }] }),
    });
    expect(answer.status).toBe(400);
    const text = await answer.text();
    expect(text).toContain('outcomes[0].label');
    expect(text).toContain('outcomes[1].verdict_id');
  });

  it('refuses a policy that is not there', async () => {
    const answer = await fetch(`${gateway.url}/v1/feedback/policies/none`);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('known: default, people');
  });
});

function configOf(small: string, large: string): unknown {
  const engine = (url: string, model: string, usd: number) => ({
    kind: 'openai',
    flavour: 'vllm',
    replicas: [url],
    model,
    cost: { inputPerMtokUsd: usd, outputPerMtokUsd: usd },
  });
  return {
    storage: { kind: 'none' },
    engines: { small: engine(small, 'small', 0.05), large: engine(large, 'large', 1) },
    judges: { quick: { engine: 'small' }, strict: { engine: 'large' } },
    policies: {
      default: { tiers: ['quick', 'strict'], target: { agreement: 0.9 }, audit: { share: 0.1 } },
      people: {
        tiers: ['quick', 'strict'],
        target: { agreement: 0.9, reference: 'human' },
        anchors: { file: 'anchors.jsonl', everyMs: 10 },
      },
    },
  };
}

function pairs(from: number, count: number) {
  return Array.from({ length: count }, (_, i) => ({
    prompt: `question number ${from + i}`,
    candidates: [`the first answer to ${from + i}`, `another answer to ${from + i}`],
  }));
}
