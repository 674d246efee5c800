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

const reply = z.object({
  data: z.array(
    z.object({
      item_id: z.string(),
      outcome: z.string(),
      probabilities: z.object({ a: z.number(), b: z.number(), tie: z.number() }).nullable(),
      cost: z.object({ input_tokens: z.int(), output_tokens: z.int() }),
      trail: z.array(z.object({ coalesced: z.int().nullable() })),
    }),
  ),
});
type Verdicts = z.infer<typeof reply>['data'];

/** One engine whose first token takes a moment, so that calls overlap, and one policy for each way of asking it. */
describe('questions that share engine calls', () => {
  const folder = mkdtempSync(join(tmpdir(), 'assay-coalescing-'));
  let engine: RunningSimulator;
  let gateway: RunningGateway;

  beforeAll(async () => {
    const quick = quickSimulator('judge', 0.5);
    engine = await startSimulator({ ...quick, clock: { ...quick.clock, firstTokenMs: 20 } });
    const path = join(folder, 'assay.yaml');
    writeFileSync(path, stringify(configOf(engine.url)));
    gateway = await createProgram({}).serve({
      source: { type: 'file', path },
      host: '127.0.0.1',
      port: 0,
      log: false,
    });
    await gateway.ready(20_000);
  });
  afterAll(async () => {
    await gateway.close();
    await engine.close();
    rmSync(folder, { recursive: true });
  });

  const post = (policy: string, items: readonly unknown[], signal?: AbortSignal): Promise<Response> =>
    fetch(`${gateway.url}/v1/feedback/preferences`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ policy, items }),
      ...(signal === undefined ? {} : { signal }),
    });
  const judge = async (policy: string, items: readonly unknown[]): Promise<Verdicts> =>
    reply.parse(await (await post(policy, items)).json()).data;

  it('get the labels and tokens that they get alone, and the trail says so', async () => {
    const items = pairs('same', 24);
    const alone = await judge('alone', items);
    const together = await judge('default', items);
    expect(alone.flatMap(coalescedOf)).toEqual(Array(48).fill(1));
    const sizes = together.flatMap(coalescedOf).map((size) => size ?? 0);
    expect(Math.max(...sizes)).toBeGreaterThan(8);
    expect(together.map(({ item_id: id }) => id)).toEqual(items.map(({ id }) => id));
    // The fence of a prompt is the same for both: so are the prompts, to the byte.
    expect(together.map(({ probabilities }) => probabilities)).toEqual(
      alone.map(({ probabilities }) => probabilities),
    );
    expect(tokensOf(together)).toEqual(tokensOf(alone));
  });

  it('are not touched by an item that the engine refuses', async () => {
    const items = [
      ...pairs('before', 8),
      { id: 'long', prompt: 'p', candidates: ['x '.repeat(20_000), 'y'] },
      ...pairs('after', 8),
    ];
    const verdicts = await judge('default', items);
    const failed = verdicts.filter(({ outcome }) => outcome !== 'ok' && outcome !== 'tie');
    expect(failed).toMatchObject([{ item_id: 'long', outcome: 'truncated', probabilities: null }]);
    expect(verdicts).toHaveLength(17);
  });

  it('are not touched by a caller that leaves', async () => {
    const leaving = new AbortController();
    const left = post('default', pairs('leaving', 8), leaving.signal);
    const stayed = judge('default', pairs('staying', 8));
    setImmediate(() => leaving.abort());
    await expect(left).rejects.toThrow('aborted');
    for (const { outcome } of await stayed) expect(['ok', 'tie']).toContain(outcome);
  });
});

function configOf(url: string): unknown {
  const judging = { kind: 'openai', replicas: [url], model: 'judge', cost: { gpuHourUsd: 2 } };
  return {
    engines: { together: judging, alone: { ...judging, coalesce: { windowMs: 0 } } },
    judges: { together: { engine: 'together' }, alone: { engine: 'alone' } },
    policies: {
      default: { tiers: ['together'], cache: { ttlMs: 0 } },
      alone: { tiers: ['alone'], cache: { ttlMs: 0 } },
    },
  };
}

function pairs(name: string, count: number): { id: string; prompt: string; candidates: string[] }[] {
  return Array.from({ length: count }, (_, n) => ({
    id: `${name}-${n}`,
    prompt: `${name}: question ${n}?`,
    candidates: [`Answer one to ${name} ${n}.`, `Another answer to ${name} ${n}, a little longer.`],
  }));
}

const coalescedOf = ({ trail }: Verdicts[number]): (number | null)[] =>
  trail.map(({ coalesced }) => coalesced);

function tokensOf(verdicts: Verdicts): { readonly input: number; readonly output: number } {
  const sum = (read: (verdict: Verdicts[number]) => number): number =>
    verdicts.reduce((total, verdict) => total + read(verdict), 0);
  return { input: sum(({ cost }) => cost.input_tokens), output: sum(({ cost }) => cost.output_tokens) };
}
