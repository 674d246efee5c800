import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, afterEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { createProgram } from '../../src/compose.ts';
import type { RunningGateway } from '../../src/contracts/program.ts';
import type { RunningSimulator } from '../../src/contracts/simulator.ts';
import { startSimulator } from '../../src/engines/simulator/simulator.ts';
import { temporaryFolder } from '../fakes/cli-runner.ts';
import { quickSimulator } from '../fakes/quick-simulator.ts';

interface Verdict {
  readonly outcome: string;
  readonly label: string | null;
  readonly tier: string | null;
  readonly cached: boolean;
  readonly flags: readonly string[];
  readonly trail: readonly { readonly tier: string }[];
  readonly decisions: readonly { readonly tier: string; readonly reason: string }[];
  readonly error: { readonly code: string } | null;
}

/** A small judge of the family qwen before a large one of the family llama, as their names tell. */
describe('judging candidates of the own family', () => {
  const at = temporaryFolder();
  let engines: RunningSimulator[] = [];
  const running: RunningGateway[] = [];
  beforeAll(async () => {
    engines = await Promise.all(
      ['Qwen/Qwen3-8B', 'large'].map((model) => startSimulator(quickSimulator(model, 0))),
    );
  });
  afterEach(() => Promise.all(running.splice(0).map((gateway) => gateway.close())));
  afterAll(() => Promise.all(engines.map((engine) => engine.close())));

  async function serve(policy: Record<string, unknown>): Promise<RunningGateway> {
    const engine = (index: number, more: Record<string, unknown>) => ({
      kind: 'openai',
      replicas: [engines[index]?.url],
      cost: { inputPerMtokUsd: 1, outputPerMtokUsd: 1 },
      ...more,
    });
    const body = {
      storage: { kind: 'none' },
      engines: {
        small: engine(0, { model: 'Qwen/Qwen3-8B' }),
        large: engine(1, { model: 'large', family: 'llama' }),
      },
      judges: { quick: { engine: 'small' }, strict: { engine: 'large' } },
      policies: {
        default: { tiers: ['quick', 'strict'], cache: { recheck: { share: 0 } }, ...policy },
      },
    };
    const path = at('assay.yaml');
    writeFileSync(path, stringify(body));
    const source = { type: 'file', path } as const;
    const gateway = await createProgram({}).serve({ source, host: '127.0.0.1', port: 0, log: false });
    running.push(gateway);
    await gateway.ready(20_000);
    return gateway;
  }

  async function judge(
    { url }: RunningGateway,
    metadata: Record<string, unknown>,
    candidates = ['one answer', 'another answer'],
    task = 'preferences',
  ): Promise<Verdict> {
    const response = await fetch(`${url}/v1/feedback/${task}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ items: [{ prompt: 'a question', candidates, metadata }] }),
    });
    expect(response.status).toBe(200);
    const { data } = (await response.json()) as { data: Verdict[] };
    const [verdict] = data;
    if (verdict === undefined) throw new Error('there is no verdict');
    return verdict;
  }

  it('goes to a judge of another family, and to nobody where there is none', async () => {
    const gateway = await serve({ acceptAt: 0, selfJudging: 'refuse' });
    const free = await judge(gateway, {});
    expect(free).toMatchObject({ outcome: 'ok', tier: 'quick' });
    // The label that the small judge just gave for the same texts is no label of another family.
    const own = await judge(gateway, { sources: ['qwen2.5-7b', 'gpt-4o'] });
    expect(own).toMatchObject({ outcome: 'ok', tier: 'strict', cached: false });
    expect(own.trail.map(({ tier }) => tier)).toEqual(['strict', 'strict']);
    expect(own.decisions[0]).toMatchObject({
      tier: 'quick',
      reason: 'self-judging: a candidate is of its own family, qwen',
    });
    const last = await judge(gateway, { source: 'meta-llama/Llama-3-8B' });
    expect(last).toMatchObject({ outcome: 'ok', tier: 'quick' });
    expect(last.decisions.map(({ tier }) => tier)).toEqual(['strict', 'quick']);
    expect(await judge(gateway, { sources: ['qwen', 'llama'] })).toMatchObject({
      outcome: 'skipped',
      label: null,
      trail: [],
      error: { code: 'self_judging' },
    });
    // A name that tells no family, or names for some candidates alone, hold nobody back.
    expect(await judge(gateway, { sources: ['our-model', 'human'] })).toMatchObject({ tier: 'quick' });
    expect(await judge(gateway, { sources: ['qwen'] })).toMatchObject({ tier: 'quick' });
  });

  it('is told by a flag, or not at all', async () => {
    const flagging = await serve({ acceptAt: 0, selfJudging: 'flag' });
    expect(await judge(flagging, { sources: ['qwen', 'human'] })).toMatchObject({
      outcome: 'ok',
      tier: 'quick',
      flags: expect.arrayContaining(['self_judged']),
    });
    // The small judge decided, so the large one's family is of no account, also out of the cache.
    const other = await judge(flagging, { sources: ['llama', 'human'] });
    expect(other).toMatchObject({ tier: 'quick', cached: true });
    expect(other.flags).not.toContain('self_judged');
    const silent = await serve({ acceptAt: 0 });
    expect((await judge(silent, { sources: ['qwen', 'human'] })).flags).not.toContain('self_judged');
  });

  it('leaves a policy with a target to its last tier, which alone may promise', async () => {
    const gateway = await serve({ selfJudging: 'refuse', target: { agreement: 0.95 } });
    const own = await judge(gateway, { sources: ['qwen', 'human'] });
    expect(own).toMatchObject({ outcome: 'ok', tier: 'strict' });
    expect(own.flags).not.toContain('uncertified');
    expect(await judge(gateway, { sources: ['llama', 'human'] })).toMatchObject({
      outcome: 'skipped',
      error: { code: 'self_judging' },
    });
  });

  it('compares a group pair by pair, each with its own sources', async () => {
    const gateway = await serve({ acceptAt: 0, selfJudging: 'refuse' });
    const ranked = await judge(
      gateway,
      { sources: ['qwen', 'human', 'human'] },
      ['first text', 'second text', 'third text'],
      'rankings',
    );
    expect(ranked.outcome).toBe('ok');
    const tiers = new Set(ranked.trail.map(({ tier }) => tier));
    expect(tiers).toEqual(new Set(['quick', 'strict']));
  });
});
