import { createHash } from 'node:crypto';
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
import { quickSimulator } from '../fakes/quick-simulator.ts';

const keyOf = (id: string): string => `assay_${id}_${'x'.repeat(32)}`;
const keys = (id: string) => [{ id, sha256: createHash('sha256').update(keyOf(id)).digest('hex') }];
const answerSchema = z.object({
  data: z.array(
    z.object({ outcome: z.string(), label: z.string().nullable(), cost: z.object({ usd: z.number() }) }),
  ),
});

/** Teams with limits on a running gateway; its engine counts the calls that it got. */
describe('limits of teams', () => {
  const folder = mkdtempSync(join(tmpdir(), 'assay-budgets-'));
  let engine: RunningSimulator;
  let gateway: RunningGateway;

  beforeAll(async () => {
    engine = await startSimulator(quickSimulator('judge', 1));
    const path = join(folder, 'assay.yaml');
    writeFileSync(
      path,
      stringify({
        storage: { kind: 'none' },
        engines: {
          one: {
            kind: 'openai',
            replicas: [engine.url],
            model: 'judge',
            cost: { inputPerMtokUsd: 1, outputPerMtokUsd: 1 },
          },
        },
        judges: { judge: { engine: 'one', orders: 'one' } },
        policies: {
          default: { tiers: ['judge'], cache: { ttlMs: 0 } },
          tight: { tiers: ['judge'], cache: { ttlMs: 0 }, limits: { usdPerDay: 0 } },
        },
        teams: {
          rich: { keys: keys('rich') },
          poor: { keys: keys('poor'), limits: { usdPerDay: 0.02 } },
          slow: { keys: keys('slow'), limits: { requestsPerMinute: 2 } },
        },
      }),
    );
    gateway = await createProgram({}).serve({ source: { type: 'file', path }, port: 0, log: false });
    await gateway.ready(20_000);
  });
  afterAll(async () => {
    await gateway.close();
    await engine.close();
    rmSync(folder, { recursive: true });
  });

  const post = (path: string, team: string, body: unknown): Promise<Response> =>
    fetch(gateway.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${keyOf(team)}` },
      body: JSON.stringify(body),
    });
  const judge = (team: string, items: readonly unknown[], policy = 'default') =>
    post('/v1/feedback/preferences', team, { policy, items });
  const pair = (n: number) => ({ prompt: `Question ${n}`, candidates: [`yes ${n}`, `no ${n}`] });

  it('end items as over_budget when the money is spent, and never spend more than there is', async () => {
    const requests = Array.from({ length: 100 }, async (_, n) => {
      const answer = await judge('poor', [pair(2 * n), pair(2 * n + 1)]);
      expect(answer.status).toBe(200);
      return answerSchema.parse(await answer.json()).data;
    });
    const verdicts = (await Promise.all(requests)).flat();
    const spent = verdicts.reduce((sum, { cost }) => sum + cost.usd, 0);
    expect(spent).toBeGreaterThan(0.018);
    expect(spent).toBeLessThanOrEqual(0.02);
    expect(new Set(verdicts.map(({ outcome }) => outcome))).toEqual(new Set(['ok', 'tie', 'over_budget']));
    const over = verdicts.filter(({ outcome }) => outcome === 'over_budget');
    expect(over.every(({ label, cost }) => label === null && cost.usd === 0)).toBe(true);
  });

  it('tell the team how it stands', async () => {
    const answer = await fetch(`${gateway.url}/v1/feedback/budget`, {
      headers: { authorization: `Bearer ${keyOf('poor')}` },
    });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      object: 'budget',
      team: 'poor',
      limits: [
        {
          unit: 'usd',
          per: 'day',
          most: 0.02,
          reserved: 0,
          resets_at: expect.stringMatching(/T00:00:00.000Z$/),
        },
      ],
    });
  });

  it('refuse a generation with 429 and a time to come again', async () => {
    const answer = await post('/v1/chat/completions', 'poor', {
      model: 'judge',
      messages: [{ role: 'user', content: 'Tell me a story.' }],
      max_tokens: 100_000,
    });
    expect(answer.status).toBe(429);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(answer.headers.get('retry-after'))).toBeLessThanOrEqual(60);
    expect(await answer.json()).toMatchObject({ error: { code: 'over_budget' } });
  });

  it('settle a generation at what it cost: many fit that were each set aside for more', async () => {
    for (let n = 0; n < 3; n += 1) {
      const answer = await post('/v1/chat/completions', 'rich', {
        model: 'assay/default',
        messages: [{ role: 'user', content: 'Say yes.' }],
        max_tokens: 8,
      });
      expect(answer.status).toBe(200);
    }
  });

  it('of a policy hold for everybody', async () => {
    const answer = await judge('rich', [pair(1)], 'tight');
    expect(answerSchema.parse(await answer.json()).data).toMatchObject([{ outcome: 'over_budget' }]);
    const plain = await post('/v1/chat/completions', 'rich', {
      model: 'assay/tight',
      messages: [{ role: 'user', content: 'Say yes.' }],
      max_tokens: 8,
    });
    expect(plain.status).toBe(429);
  });

  it('refuse the third request of a minute that takes two', async () => {
    const first = await judge('slow', [pair(1)]);
    const second = await judge('slow', [pair(2)]);
    const third = await judge('slow', [pair(3)]);
    // The minute may end between them.
    const statuses = [first, second, third].map(({ status }) => status);
    expect(statuses.slice(0, 2)).toEqual([200, 200]);
    expect(third.status === 429 || new Date().getUTCSeconds() < 5).toBe(true);
    if (third.status === 429) expect(await third.json()).toMatchObject({ error: { code: 'rate_limited' } });
  });
});
