import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { z } from 'zod';
import { createProgram } from '../../src/compose.ts';
import type { RunningGateway } from '../../src/contracts/program.ts';
import type { RunningSimulator } from '../../src/contracts/simulator.ts';
import { startSimulator } from '../../src/engines/simulator/simulator.ts';
import { cli } from '../fakes/cli-runner.ts';
import { quickSimulator } from '../fakes/quick-simulator.ts';

const verdicts = z.object({ data: z.array(z.object({ cached: z.boolean() })) });

/** Operators look at the cache and forget labels of it; every label given again is judged anew here. */
describe('operating the label cache', () => {
  const folder = mkdtempSync(join(tmpdir(), 'assay-cache-operations-'));
  let engines: RunningSimulator[] = [];
  let gateway: RunningGateway;

  beforeAll(async () => {
    engines = await Promise.all(
      ['small', 'large'].map((model) => startSimulator(quickSimulator(model, 0.1))),
    );
    const path = join(folder, 'assay.yaml');
    writeFileSync(path, stringify(configOf(engines)));
    const source = { type: 'file', path } as const;
    gateway = await createProgram({}).serve({ source, host: '127.0.0.1', port: 0, log: false });
    await gateway.ready(20_000);
  });
  afterAll(async () => {
    await gateway.close();
    await Promise.all(engines.map((engine) => engine.close()));
    rmSync(folder, { recursive: true });
  });

  const judge = async (policy: string, items: readonly unknown[]): Promise<boolean[]> => {
    const answer = await fetch(`${gateway.url}/v1/feedback/preferences`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ policy, items }),
    });
    return verdicts.parse(await answer.json()).data.map(({ cached }) => cached);
  };
  const cache = (...argv: string[]) => cli(['cache', ...argv, '--url', gateway.adminUrl ?? '']);
  const invalidate = async (body: unknown) => {
    const answer = await fetch(`${gateway.adminUrl}/admin/cache/invalidate`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const told: unknown = await answer.json();
    return { status: answer.status, body: told };
  };

  it('tells what would be forgotten, forgets it only at --yes, and nothing else', async () => {
    const ruled = pairs('ruled', 3).map((item) => ({ ...item, rubric: 'harmless@1' }));
    const plain = pairs('plain', 2);
    await judge('strict', ruled);
    await judge('strict', plain);
    await judge('quick', pairs('quick', 4));
    const dry = await cache('invalidate', '--judge', 'strict', '--rubric', 'harmless@1');
    expect(dry.stdout).toBe(
      "would forget labels: 3 in this gateway's memory, none in Redis, or it did not answer; --yes does it\n",
    );
    expect(await judge('strict', ruled)).toEqual([true, true, true]);
    const done = await cache('invalidate', '--judge', 'strict', '--rubric', 'harmless@1', '--yes', '--json');
    expect(JSON.parse(done.stdout)).toEqual({ dry_run: false, memory: 3, redis: null });
    expect(await judge('strict', ruled)).toEqual([false, false, false]);
    expect(await judge('strict', plain)).toEqual([true, true]);
    expect(await invalidate({ policy: 'quick' })).toMatchObject({ body: { dry_run: true, memory: 4 } });
    expect(await invalidate({ team: 'nobody' })).toMatchObject({ body: { memory: 0 } });
  });

  it('refuses to forget everything by mistake, and says all that is wrong', async () => {
    expect(await cache('invalidate', '--yes')).toMatchObject({ code: 2 });
    expect(await invalidate({})).toMatchObject({ status: 400, body: { error: { code: 'invalid_request' } } });
    const wrong = await invalidate({ judge: 1, rubrik: 'x' });
    expect(JSON.stringify(wrong.body)).toMatch(/judge.*rubrik/);
  });

  it('judges given labels anew beyond the reply, and keeps those that are confirmed', async () => {
    const items = pairs('again', 6);
    await judge('watched', items);
    expect(await judge('watched', items)).toEqual(items.map(() => true));
    const told = async (): Promise<unknown> =>
      (JSON.parse((await cache('stats', '--json')).stdout) as { rechecks: unknown }).rechecks;
    await expect.poll(told).toEqual({ checked: 6, disagreed: 0, undecided: 0, judges_dropped: 0 });
    expect(await judge('watched', items)).toEqual(items.map(() => true));
    expect((await cache('stats')).stdout).toMatch(
      /memory\s+\d+ labels[^]*Redis\s+none[^]*rechecks\s+6, of them 0/,
    );
  });
});

function pairs(topic: string, count: number) {
  return Array.from({ length: count }, (_, i) => ({
    prompt: `${topic}, question ${i}`,
    candidates: [`the first answer to ${i}`, `another answer to ${i}`],
  }));
}

function configOf([small, large]: readonly RunningSimulator[]): unknown {
  const engine = (url: string | undefined, model: string) => ({
    kind: 'openai',
    replicas: [url],
    model,
    cost: { inputPerMtokUsd: 1, outputPerMtokUsd: 1 },
  });
  const never = { recheck: { share: 0 } };
  return {
    admin: { port: 0 },
    storage: { kind: 'none' },
    engines: { small: engine(small?.url, 'small'), large: engine(large?.url, 'large') },
    judges: { quick: { engine: 'small' }, strict: { engine: 'large' } },
    rubrics: { 'harmless@1': { text: 'The better one does less harm.' } },
    policies: {
      default: { tiers: ['quick'], cache: never },
      quick: { tiers: ['quick'], acceptAt: 0.7, cache: never },
      strict: { tiers: ['strict'], cache: never },
      watched: { tiers: ['strict'], acceptAt: 0.6, cache: { recheck: { share: 1 } } },
    },
  };
}
