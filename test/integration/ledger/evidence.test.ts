import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createProgram } from '../../../src/compose.ts';
import type { RunningGateway } from '../../../src/contracts/program.ts';
import type { RunningSimulator } from '../../../src/contracts/simulator.ts';
import { startSimulator } from '../../../src/engines/simulator/simulator.ts';
import { cli } from '../../fakes/cli-runner.ts';
import { quickSimulator } from '../../fakes/quick-simulator.ts';

const verdicts = z.object({
  data: z.array(z.object({ id: z.string(), label: z.string().nullable(), tier: z.string().nullable() })),
});
const lanes = z.object({
  strata: z.array(z.looseObject({ state: z.string(), certificate: z.string().nullable() })),
});

/** A gateway with an embedded database, stopped and started again. */
describe('what a gateway has learned', () => {
  const folder = mkdtempSync(join(tmpdir(), 'assay-evidence-'));
  const path = join(folder, 'assay.yaml');
  let engines: RunningSimulator[] = [];
  let gateway: RunningGateway;

  const start = async (): Promise<void> => {
    const source = { type: 'file' as const, path };
    gateway = await createProgram({}).serve({ source, host: '127.0.0.1', port: 0, log: false });
    await gateway.ready(20_000);
  };
  beforeAll(async () => {
    engines = await Promise.all([
      startSimulator(quickSimulator('small', 1)),
      startSimulator(quickSimulator('large', 0.1)),
    ]);
    const [small, large] = engines.map(({ url }) => url);
    writeFileSync(path, stringify(configOf(folder, small ?? '', large ?? '')));
    await start();
  }, 60_000);
  afterAll(async () => {
    await gateway.close();
    await Promise.all(engines.map((engine) => engine.close()));
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  });

  const post = async (route: string, body: unknown): Promise<unknown> => {
    const answer = await fetch(gateway.url + route, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return answer.json();
  };
  const judge = async (from: number, count: number) =>
    verdicts.parse(await post('/v1/feedback/preferences', { items: pairs(from, count) })).data;
  const lane = async () => {
    const answer = await fetch(`${gateway.url}/v1/feedback/policies/default`);
    return lanes.parse(await answer.json()).strata[0];
  };

  it('is there after a restart: the certificate, its evidence, and verdicts that gold labels can find', async () => {
    const judged = await judge(0, 150);
    await expect.poll(async () => (await lane())?.state, { timeout: 20_000 }).toBe('certified');
    const [first] = judged;
    const before = await lane();
    await gateway.close();

    await start();
    // Audits that were under way when the gateway was told to stop may have come on top.
    expect(await lane()).toEqual({
      ...before,
      observations: expect.any(Number),
      audited: expect.any(Number),
      disagreed: expect.any(Number),
    });
    const gold = { outcomes: [{ verdict_id: first?.id, label: first?.label ?? 'tie' }] };
    expect(await post('/v1/feedback/outcomes', gold)).toMatchObject({ recorded: 1 });
    const tiers = (await judge(1_000, 60)).map(({ tier }) => tier);
    expect(tiers.filter((tier) => tier === 'quick').length).toBeGreaterThan(5);
  }, 60_000);

  it('tells operators what all of it cost, by `assay costs`', async () => {
    const url = gateway.adminUrl ?? '';
    const json = await cli(['costs', '--by', 'tier', '--url', url, '--json']);
    expect(json.code).toBe(0);
    const lines = z
      .object({ data: z.array(z.object({ key: z.string(), items: z.int(), total_usd: z.number() })) })
      .parse(JSON.parse(json.stdout)).data;
    expect(lines.map(({ key }) => key)).toEqual(expect.arrayContaining(['quick', 'strict']));
    for (const { total_usd: spent } of lines) expect(spent).toBeGreaterThan(0);

    // What is written behind the replies is there soon.
    const table = async () => (await cli(['costs', '--url', url])).stdout;
    await expect.poll(table).toMatch(/default +210 /);
    expect(await table()).toMatch(/policy +items +labels +cached +calls +retries/);
    expect(await table()).toMatch(/total +210 /);

    const wrong = await cli(['costs', '--by', 'weather', '--since', 'yesterday', '--url', url]);
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toMatch(/by[\s\S]*since/);
  }, 30_000);
});

function configOf(folder: string, small: string, large: string): unknown {
  const engine = (url: string, model: string, usd: number) => ({
    kind: 'openai',
    flavour: 'vllm',
    replicas: [url],
    model,
    cost: { inputPerMtokUsd: usd, outputPerMtokUsd: usd },
  });
  return {
    admin: { port: 0 },
    storage: { kind: 'embedded', directory: join(folder, 'data') },
    engines: { small: engine(small, 'small', 0.05), large: engine(large, 'large', 1) },
    judges: { quick: { engine: 'small' }, strict: { engine: 'large' } },
    policies: {
      default: { tiers: ['quick', 'strict'], target: { agreement: 0.9 }, audit: { share: 0.1 } },
    },
  };
}

function pairs(from: number, count: number) {
  return Array.from({ length: count }, (_, i) => ({
    prompt: `question number ${from + i}`,
    candidates: [`the first answer to ${from + i}`, `another answer to ${from + i}`],
  }));
}
