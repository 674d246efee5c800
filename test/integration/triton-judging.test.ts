import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadTemplates } from '../../src/config/templates.ts';
import type { Replica } from '../../src/contracts/engine.ts';
import type { SimulatedJudge } from '../../src/contracts/simulator.ts';
import type { Judgment, JudgeReply } from '../../src/domain/judgment.ts';
import { labelOf } from '../../src/domain/preference.ts';
import { createFence } from '../../src/judging/fence.ts';
import { createPreferenceJudge, labelProbeOf } from '../../src/judging/preference-judge.ts';
import { openCall } from '../fakes/engine.ts';
import { PAIRS } from '../fakes/real-pairs.ts';
import { startSimulatedReplica } from '../fakes/simulated-replica.ts';
import { startSimulatedTriton, writeToyTokenizer } from '../fakes/simulated-triton.ts';
import { startPool } from '../fakes/system-pool.ts';
import { testTritonReplica } from '../fakes/triton-replica.ts';

const folder = mkdtempSync(join(tmpdir(), 'assay-toy-'));
const tokenizer = join(folder, 'tokenizer.json');
writeToyTokenizer(tokenizer);
afterAll(() => rmSync(folder, { recursive: true }));

const template = loadTemplates([new URL('../../src/judging/templates', import.meta.url).pathname]).find(
  'preference/label',
);
if (template === undefined) throw new Error('there is no template for preferences');
const probe = labelProbeOf(template);

/** Unsure enough that every label token is within reach of a bias of e^5. */
const MILD: SimulatedJudge = {
  seed: 's',
  sharpness: 0.25,
  noise: 0.1,
  positionBias: 0.1,
  labelMass: 0.95,
  preferences: [],
};
const SHARP: SimulatedJudge = { ...MILD, sharpness: 2, noise: 0.5 };

interface Judged {
  readonly route: string | null;
  /** The label tokens that the replica found. */
  readonly labels: unknown;
  readonly judgments: readonly Judgment[];
  readonly inputTokens: number;
}

async function judgeAll(replica: Replica, engineKind: string): Promise<Judged> {
  await using pool = await startPool([replica]);
  const judge = createPreferenceJudge({
    name: 'toy',
    engine: pool,
    engineKind,
    template: template!,
    orders: 'both',
    // The same in every run, so that prompts are equal to the letter.
    fence: createFence('one secret'),
  });
  const replies: JudgeReply[] = [];
  for (const item of PAIRS) replies.push(await judge.judge(item, { tier: 'small' }, openCall()));
  const judgments = replies.map((reply) => {
    if (!reply.ok) throw new Error(reply.problem.message);
    return reply.judgment;
  });
  const report = pool.replicas()[0]?.report;
  return {
    route: report?.route ?? null,
    labels: report?.labels,
    judgments,
    inputTokens: replies
      .flatMap(({ trail }) => trail)
      .reduce((sum, { cost }) => sum + cost.usage.inputTokens, 0),
  };
}

async function overHttp(judge: SimulatedJudge): Promise<Judged> {
  await using simulated = await startSimulatedReplica(probe, { judge });
  return await judgeAll(simulated.replica, 'openai/vllm');
}

async function overGrpc(
  judge: SimulatedJudge,
  backend: 'vllm' | 'tensorrtllm',
  withTokenizer: boolean,
): Promise<Judged> {
  await using triton = await startSimulatedTriton(backend, judge);
  await using replica = testTritonReplica(triton.url, {
    backend,
    chatTemplate: 'chatml',
    labelProbes: [probe],
    ...(withTokenizer ? { tokenizer } : {}),
  });
  return await judgeAll(replica, `triton/${backend}`);
}

const labels = ({ judgments }: Judged): unknown[] =>
  judgments.map(({ probabilities }) => labelOf(probabilities));

/** Largest difference of any probability between two runs. */
function distance(one: Judged, other: Judged): number {
  return Math.max(
    ...one.judgments.flatMap(({ probabilities: p }, at) => {
      const q = other.judgments[at]?.probabilities;
      return (['a', 'b', 'tie'] as const).map((label) => Math.abs(p[label] - (q?.[label] ?? Number.NaN)));
    }),
  );
}

const [mild, sharp] = await Promise.all([overHttp(MILD), overHttp(SHARP)]);

describe('one model judges fifty pairs over HTTP and over gRPC', () => {
  it('with opinions of every kind', () => {
    expect(PAIRS).toHaveLength(51);
    expect(mild.route).toBe('label_ids');
    for (const run of [mild, sharp]) {
      expect(new Set(labels(run))).toEqual(new Set(['a', 'b', 'tie']));
      expect(new Set(run.judgments.map(({ probabilities }) => probabilities.a)).size).toBe(51);
    }
  });

  it.each([
    ['label_ids', 'vllm', true, sharp, SHARP],
    ['top_logprobs', 'vllm', false, sharp, SHARP],
    ['generation_logits', 'tensorrtllm', true, sharp, SHARP],
    ['forced', 'tensorrtllm', false, mild, MILD],
  ] as const)('alike over %s of %s', async (route, backend, withTokenizer, http, judge) => {
    const grpc = await overGrpc(judge, backend, withTokenizer);
    expect(grpc.route).toBe(route);
    expect(distance(grpc, http)).toBeLessThan(1e-6);
    expect(labels(grpc)).toEqual(labels(http));
  });

  it('with the same label tokens and the same number of tokens read', async () => {
    const grpc = await overGrpc(SHARP, 'vllm', true);
    expect(grpc.labels).toEqual(sharp.labels);
    expect(grpc.inputTokens).toBe(sharp.inputTokens);
  });

  it('within the bounds of forced labels where a label is too unlikely to be written', async () => {
    const grpc = await overGrpc(SHARP, 'tensorrtllm', false);
    // 1/(1+e^5) for each of the two spellings, over a mass of 0.95 less what is missing.
    const bound = 0.017;
    const off = distance(grpc, sharp);
    expect(off).toBeGreaterThan(1e-6);
    expect(off).toBeLessThan(bound);
    const sure = sharp.judgments.flatMap(({ probabilities: { a, b, tie } }, at) => {
      const [most = 0, next = 0] = [a, b, tie].toSorted((x, y) => y - x);
      return most - next > 2 * bound ? [at] : [];
    });
    expect(sure.length).toBeGreaterThan(40);
    for (const at of sure) expect(labels(grpc)[at]).toBe(labels(sharp)[at]);
  });
});
