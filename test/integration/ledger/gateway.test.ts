import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { RunningSimulator } from '../../../src/contracts/simulator.ts';
import { startSimulator } from '../../../src/engines/simulator/simulator.ts';
import { type GatewayProcess, startGatewayProcess } from '../../fakes/gateway-process.ts';
import { quickSimulator } from '../../fakes/quick-simulator.ts';

const reply = z.object({
  data: z.array(z.looseObject({ id: z.string(), label: z.string().nullable(), trail: z.array(z.unknown()) })),
  summary: z.object({ cost_usd: z.number() }),
});
const costs = z.object({
  data: z.array(z.looseObject({ key: z.string(), items: z.int(), total_usd: z.number() })),
});

const KEYS = {
  red: 'assay_red_0123456789abcdef0123456789abcdef',
  blue: 'assay_blue_0123456789abcdef0123456789abcdef',
} as const;
const as = (team: keyof typeof KEYS): Record<string, string> => ({ authorization: `Bearer ${KEYS[team]}` });

/** `assay serve` with its embedded database, killed and started again on the same folder. */
describe('a gateway that keeps what it did', () => {
  const folder = mkdtempSync(join(tmpdir(), 'assay-kept-'));
  const config = join(folder, 'assay.yaml');
  let engine: RunningSimulator;
  let gateway: GatewayProcess;

  beforeAll(async () => {
    engine = await startSimulator(quickSimulator('only', 0.1));
    writeFileSync(config, stringify(configOf(engine.url)));
    gateway = await startGatewayProcess(config);
  }, 90_000);
  afterAll(async () => {
    await gateway.end('SIGKILL');
    await engine.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  });

  const judge = async (policy: string, count: number) => {
    const items = Array.from({ length: count }, (_, n) => ({
      id: `row-${n}`,
      prompt: `question ${policy} ${n}`,
      candidates: ['yes', 'no'],
      metadata: { n },
    }));
    const answer = await gateway.post('/v1/feedback/preferences', { policy, items }, as('red'));
    expect(answer.status).toBe(200);
    return reply.parse(await answer.json());
  };
  const kept = async (id: string, team: keyof typeof KEYS = 'red'): Promise<unknown> => {
    const answer = await gateway.get(`/v1/feedback/verdicts/${id}`, as(team));
    return answer.status === 200 ? answer.json() : answer.status;
  };

  it('gives a verdict again with its trail, at once and after a kill, to its team alone', async () => {
    await engineIsReady();
    const { data, summary } = await judge('promised', 3);
    const [first] = data;
    const id = first?.id ?? '';
    const fields = {
      ...first,
      object: 'verdict',
      policy: 'promised',
      job_id: null,
      input_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      extra: [],
    };
    expect(await kept(id)).toMatchObject(fields);
    expect(await kept(id, 'blue')).toBe(404);
    // The reply was promised to wait for the commit: nothing of it may be lost with the process.
    await gateway.end('SIGKILL');
    await folderIsFree();
    gateway = await startGatewayProcess(config);
    expect(await kept(id)).toMatchObject(fields);
    expect(await kept(id, 'blue')).toBe(404);
    const answer = await gateway.get('/v1/feedback/costs?by=policy', as('red'));
    const [line] = costs.parse(await answer.json()).data;
    expect(line).toMatchObject({
      key: 'promised',
      items: 3,
      labels: data.filter(({ label }) => label !== null).length,
    });
    expect(line?.total_usd).toBeCloseTo(summary.cost_usd, 12);
  }, 40_000);

  it('writes what waits before it stops', async () => {
    await engineIsReady();
    const { data } = await judge('behind', 5);
    expect(await gateway.end('SIGTERM')).toBe(0);
    expect(existsSync(join(folder, 'data', 'assay.lock'))).toBe(false);
    gateway = await startGatewayProcess(config);
    for (const { id, trail } of data) expect(await kept(id)).toMatchObject({ id, trail, policy: 'behind' });
  }, 40_000);

  it('answers questions about costs that it does not understand with all that is wrong', async () => {
    const answer = await gateway.get('/v1/feedback/costs?by=weather&since=yesterday', as('red'));
    expect(answer.status).toBe(400);
    expect(await answer.text()).toMatch(/by .*since /);
  });

  async function engineIsReady(): Promise<void> {
    while ((await gateway.get('/readyz')).status !== 200);
  }
  /** The database follows its gateway, however that ended. */
  async function folderIsFree(): Promise<void> {
    while (existsSync(join(folder, 'data', 'assay.lock')))
      await new Promise((resolve) => setImmediate(resolve));
  }
});

function configOf(url: string): unknown {
  const team = (id: keyof typeof KEYS) => ({
    keys: [{ id, sha256: createHash('sha256').update(KEYS[id]).digest('hex') }],
  });
  return {
    storage: { kind: 'embedded', directory: 'data' },
    engines: {
      only: {
        kind: 'openai',
        flavour: 'vllm',
        replicas: [url],
        model: 'only',
        cost: { inputPerMtokUsd: 1, outputPerMtokUsd: 2 },
      },
    },
    judges: { only: { engine: 'only' } },
    policies: {
      promised: { tiers: ['only'], commit: 'before_reply' },
      behind: { tiers: ['only'] },
    },
    teams: { red: team('red'), blue: team('blue') },
  };
}
