import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { createProgram } from '../../src/compose.ts';
import type { RunningSimulator } from '../../src/contracts/simulator.ts';
import { startSimulator } from '../../src/engines/simulator/simulator.ts';
import { cli, jsonLines, temporaryFolder } from '../fakes/cli-runner.ts';
import { quickSimulator } from '../fakes/quick-simulator.ts';

const program = createProgram({});
const COUNT = 200;

/** The small judge is right whenever it is sure (P from .80 up), and mostly not where it is unsure. */
const rows = Array.from({ length: COUNT }, (_, i) => {
  const isSure = i % 2 === 0;
  const isA = i % 3 === 0;
  const isRight = isSure || i % 4 === 1;
  const strength = (isSure ? 0.8 : 0.55) + (0.15 * ((i * 37) % 101)) / 101;
  return {
    id: `item-${i}`,
    prompt: `prompt number ${i}`,
    responses: [`answer ${i}`, `other ${i}`],
    judges: {
      small: { p_first: isA === isRight ? strength : 1 - strength },
      large: { p_first: isA ? 0.97 : 0.03 },
    },
  };
});

/** Recorded judgments, read from the file and really sent through a gateway to engines that replay them. */
describe('recorded judgments through a running gateway', () => {
  const at = temporaryFolder({
    'judged.jsonl': jsonLines(rows),
    'pairs.jsonl': jsonLines(
      rows.map(({ id, prompt, responses }) => ({ id, prompt, candidates: responses })),
    ),
  });
  let engines: RunningSimulator[] = [];

  beforeAll(async () => {
    const replaying = (judge: string) =>
      startSimulator({ ...quickSimulator(judge, 0), replay: { path: at('judged.jsonl'), judge } });
    engines = await Promise.all([replaying('small'), replaying('large')]);
  });
  afterAll(() => Promise.all(engines.map((engine) => engine.close())));

  const config = (certificates: readonly string[]): string => {
    const engine = (model: string, replica: string | undefined, usd: number) => ({
      kind: 'openai',
      flavour: 'vllm',
      replicas: [replica],
      model,
      cost: { inputPerMtokUsd: usd, outputPerMtokUsd: usd },
    });
    const [small, large] = engines.map(({ url }) => url);
    const path = at('assay.yaml');
    const body = {
      engines: { small: engine('small', small, 0.05), large: engine('large', large, 1) },
      judges: { quick: { engine: 'small' }, strict: { engine: 'large' } },
      policies: { default: { tiers: ['quick', 'strict'], target: { agreement: 0.95 }, certificates } },
    };
    writeFileSync(path, stringify(body));
    return path;
  };
  const run = async (...argv: string[]): Promise<unknown> => {
    const { code, stdout, stderr } = await cli([...argv, '--json', '--quiet', '--resamples', '100'], {
      program,
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return JSON.parse(stdout);
  };

  it('certifies and serves exactly as the recorded file says', async () => {
    const judged = ['--small', 'small', '--reference', 'large', '-o', at('recorded.json')];
    const recorded = (await run('calibrate', at('judged.jsonl'), ...judged)) as Record<string, number>;
    const sent = ['--config', config([]), '-o', at('sent.json')];
    const live = (await run('calibrate', at('pairs.jsonl'), ...sent)) as Record<string, number>;
    // Five errors of 200 are the most that prove 95 % (bound .0460); both ways find the same items.
    expect(recorded).toMatchObject({ certified_on: COUNT, errors: 5 });
    expect(live).toMatchObject({ certified_on: COUNT, errors: 5, coverage: recorded['coverage'] });
    expect(live['threshold']).toBeCloseTo(recorded['threshold'] ?? 0, 6);

    const { threshold } = JSON.parse(readFileSync(at('sent.json'), 'utf8')) as { threshold: number };
    expect(threshold).toBeGreaterThan(0);
    const served = await run('evaluate', at('pairs.jsonl'), '--config', config([at('sent.json')]));
    // The running gateway releases as many labels by the small judge as the certificate counted, with its five errors.
    expect(served).toMatchObject({
      small_served: { value: recorded['coverage'] },
      marginal_risk: { value: 0.025 },
      certified: Math.round(COUNT * (recorded['coverage'] ?? 0)),
    });
  }, 30_000);
});
