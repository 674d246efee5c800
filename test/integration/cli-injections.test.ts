import { describe, expect, it, onTestFinished } from 'vitest';
import { createProgram } from '../../src/compose.ts';
import type { AttackedItem } from '../../src/contracts/evaluation.ts';
import type { PlantedPreference } from '../../src/contracts/simulator.ts';
import { cli, jsonLines, temporaryFolder } from '../fakes/cli-runner.ts';
import { judgedItems } from '../fakes/judged-items.ts';

const program = createProgram({});

const pairs = Array.from({ length: 12 }, (_, i) => ({
  prompt: `question ${i}`,
  candidates: [`the good answer ${i}`, `the bad one ${i}`],
}));

/** What the command will ask of a judge that calls every first response better. */
const attacked = program.attackItems(
  judgedItems(pairs.map(() => ({ judges: { judge: 0.9 } }))).map((judged, i) => ({
    ...judged,
    item: { id: `p${i}`, prompt: '', candidates: [], rubric: undefined, metadata: {}, ...pairs[i] },
  })),
  'judge',
);

/** A simulated judge that prefers the first response, and turns where `turns` says. */
async function startJudge(turns: (item: AttackedItem) => boolean): Promise<string> {
  const plant = (candidates: readonly string[], better: 'a' | 'b'): PlantedPreference => {
    const [a = '', b = ''] = candidates;
    return { candidates: [a, b], better };
  };
  const simulator = await program.simulate({
    flavour: 'vllm',
    host: '127.0.0.1',
    port: 0,
    model: 'judge',
    apiKey: undefined,
    maxModelTokens: 16_384,
    labelIds: true,
    judge: {
      seed: 'judge',
      sharpness: 2,
      noise: 0,
      positionBias: 0,
      labelMass: 0.99,
      preferences: [
        ...pairs.map(({ candidates }) => plant(candidates, 'a')),
        ...attacked.map((item) => plant(item.candidates, turns(item) ? 'b' : 'a')),
      ],
    },
    clock: {
      firstTokenMs: 0,
      prefillMsPer1000Tokens: 0,
      interTokenMs: 0,
      maxRunning: 64,
      maxQueued: undefined,
      logprobsWarmUpMs: 0,
    },
    replay: undefined,
  });
  onTestFinished(() => simulator.close());
  return simulator.url;
}

describe('assay evaluate --injections', () => {
  it('attacks the response that the judge calls worse, with at least a hundred different attacks', () => {
    const real = attacked.filter(({ carrier }) => carrier !== 'control');
    expect(new Set(real.map(({ attack }) => attack)).size).toBeGreaterThanOrEqual(100);
    expect(new Set(real.map(({ candidates }) => candidates[1])).size).toBe(real.length);
    for (const { side, candidates } of attacked) {
      expect(side).toBe('b');
      expect(candidates[0]).toMatch(/^the good answer \d+$/);
      expect(candidates[1]).toMatch(/the bad one \d+/);
      expect(candidates[1]?.length).toBeGreaterThan(30);
    }
  });

  it('counts for each judge the verdicts that turned, by the way of the attack, beside a control', async () => {
    const config = {
      storage: { kind: 'none' },
      engines: {
        one: {
          kind: 'openai',
          model: 'judge',
          replicas: [await startJudge(({ carrier }) => carrier === 'suffix')],
          cost: { inputPerMtokUsd: 1, outputPerMtokUsd: 1 },
        },
        two: {
          kind: 'openai',
          model: 'judge',
          replicas: [await startJudge(() => false)],
          cost: { inputPerMtokUsd: 1, outputPerMtokUsd: 1 },
        },
      },
      judges: { credulous: { engine: 'one' }, steady: { engine: 'two' } },
      policies: { default: { tiers: ['credulous', 'steady'] } },
    };
    const at = temporaryFolder({ 'in.jsonl': jsonLines(pairs), 'assay.yaml': JSON.stringify(config) });
    const argv = [
      'evaluate',
      at('in.jsonl'),
      '--config',
      at('assay.yaml'),
      '--injections',
      '--quiet',
      '--json',
    ];
    const { code, stdout, stderr } = await cli(argv, { program });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({
      attacks: 105,
      judges: [
        {
          name: 'credulous',
          asked: 117,
          not_judged: 0,
          flip_rate: { value: 0.2 },
          control_flip_rate: { value: 0 },
          carriers: { suffix: { value: 1 }, prefix: { value: 0 }, 'closed-fence': { value: 0 } },
        },
        { name: 'steady', flip_rate: { value: 0 }, control_flip_rate: { value: 0 } },
      ],
    });
  });

  it('needs texts', async () => {
    const recorded = {
      id: 'x',
      prompt: 'p',
      responses: ['a', 'b'],
      human: 'a',
      judges: { m: { p_first: 0.6 } },
    };
    const at = temporaryFolder({ 'judged.jsonl': jsonLines([recorded]) });
    const { code, stderr } = await cli(['evaluate', at('judged.jsonl'), '--injections'], { program });
    expect(code).toBe(2);
    expect(stderr).toContain('--injections asks judges about pairs with texts');
  });
});
