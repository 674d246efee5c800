import { describe, expect, it } from 'vitest';
import type { DistributionReply, EngineResult, LabelBatches } from '../../src/contracts/engine.ts';
import type { ReplicaUnderTest } from './replica.ts';
import { call, question } from './replica-calls.ts';

/** A pair as the house's templates show one: a model that was never a judge still has an opinion of labels. */
const pairOf = (first: string, second: string): string =>
  [
    'Which response is better, A or B?',
    '[prompt k3v9]\nWhat is the capital of Australia?\n[/prompt k3v9]',
    `[first k3v9]\n${first}\n[/first k3v9]`,
    `[second k3v9]\n${second}\n[/second k3v9]`,
  ].join('\n\n');

/** Questions of different lengths, one of them twice. */
const CONTENTS = [
  pairOf('Canberra.', 'Sydney.'),
  pairOf('It is Sydney, the largest city of the country by far.', 'Canberra.'),
  pairOf('Sydney.', 'Canberra.'),
  pairOf('Canberra.', 'Sydney.'),
  pairOf('I do not know.', 'Melbourne, until 1927.'),
];

/**
 * What an adapter must do that answers several label questions in one call: the numbers, the order and the sum
 * of what was used are those of the questions asked one by one. `start` gives a replica as for `replicaContract`.
 */
export function labelBatchesContract(name: string, start: () => Promise<ReplicaUnderTest>): void {
  describe(`label batches contract: ${name}`, () => {
    it('answers each question as it does alone, in their order', async () => {
      await using tested = await start();
      const batches = await found(tested);
      const together = valuesOf(await batches.ask(CONTENTS.map(question), call()));
      expect(together).toHaveLength(CONTENTS.length);
      for (const [place, content] of CONTENTS.entries()) {
        const alone = await tested.replica.distribution(question(content), call());
        if (!alone.ok) throw new Error(alone.failure.message);
        expect(together[place]?.distribution.route).toBe(alone.value.distribution.route);
        for (const [label, { probability }] of Object.entries(alone.value.distribution.labels)) {
          expect(together[place]?.distribution.labels[label]?.probability).toBeCloseTo(probability, 2);
        }
      }
      // Three of them differ, so that a permutation shows.
      const firsts = together.map(({ distribution }) => distribution.labels['first']?.probability.toFixed(6));
      expect(new Set(firsts).size).toBeGreaterThanOrEqual(3);
    });

    it('shares out exactly the tokens that the questions have', async () => {
      await using tested = await start();
      const batches = await found(tested);
      const together = valuesOf(await batches.ask(CONTENTS.map(question), call()));
      let alone = 0;
      for (const content of CONTENTS) {
        const answer = await tested.replica.distribution(question(content), call());
        alone += answer.ok ? answer.value.usage.inputTokens : Number.NaN;
      }
      expect(together.reduce((sum, { usage }) => sum + usage.inputTokens, 0)).toBe(alone);
      for (const { usage } of together) {
        expect(usage.outputTokens).toBe(1);
        expect(usage.inputTokens).toBeGreaterThan(0);
        expect(usage.cachedInputTokens).toBeLessThanOrEqual(usage.inputTokens);
      }
    });

    it('lets only questions about one label set share a call', async () => {
      await using tested = await start();
      const batches = await found(tested);
      const keyOf = (labels: string): string => batches.keyOf({ ...question('x'), labels }, call());
      expect(keyOf('contract@1')).toBe(keyOf('contract@1'));
      expect(keyOf('contract@1')).not.toBe(keyOf('other@1'));
    });

    it('stops the engine when nobody waits for the answers', async () => {
      await using tested = await start();
      const batches = await found(tested);
      if (tested.hang !== null) await tested.hang();
      const leaving = call();
      const asked = batches.ask(CONTENTS.map(question), leaving);
      setImmediate(() => leaving.cancel());
      expect(await asked).toMatchObject({
        ok: false,
        failure: { code: 'cancelled', blamesReplica: false },
      });
      await tested.idle();
    });
  });
}

/** The batches that a warm-up finds, and says so. */
async function found({ replica }: ReplicaUnderTest): Promise<LabelBatches> {
  expect(replica.labelBatches?.() ?? null).toBeNull();
  const warm = await replica.warmUp(call());
  if (!warm.ok) throw new Error(warm.failure.message);
  const batches = replica.labelBatches?.() ?? null;
  if (batches === null) throw new Error('the warm-up found no way to ask several questions at once');
  expect(batches.maximum).toBeGreaterThanOrEqual(2);
  expect(warm.value.capabilities.labelBatch).toBe(batches.maximum);
  return batches;
}

function valuesOf(result: EngineResult<readonly EngineResult<DistributionReply>[]>): DistributionReply[] {
  if (!result.ok) throw new Error(result.failure.message);
  return result.value.map((answer) => {
    if (!answer.ok) throw new Error(answer.failure.message);
    return answer.value;
  });
}
