import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { createProgram } from '../../src/compose.ts';
import { cli } from '../fakes/cli-runner.ts';
import { replayedJudges } from '../fakes/replayed-judges.ts';

const program = createProgram({});
const COUNT = 200;

/** Recorded judgments, read from the file and really sent through a gateway to engines that replay them. */
describe('recorded judgments through a running gateway', () => {
  const { at, configuration } = replayedJudges();

  const config = (certificates: readonly string[]): string => {
    const path = at('assay.yaml');
    const policy = { tiers: ['quick', 'strict'], target: { agreement: 0.95 }, certificates };
    writeFileSync(path, stringify({ ...configuration(), policies: { default: policy } }));
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
