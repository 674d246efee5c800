import { expect, it } from 'vitest';
import { runBatchChaos } from '../fakes/batch-chaos.ts';
import { CONCURRENCY, KILLS, SEED, sayHowToRepeat } from './plan.ts';

it(`a batch survives ${KILLS} kills of its gateway`, async () => {
  sayHowToRepeat();
  const plan = { items: 80 * KILLS, kills: KILLS, seed: SEED, concurrency: CONCURRENCY };
  const { sent, output, errors, counts, filesLost, repeated, never } = await runBatchChaos(plan);
  console.log(
    JSON.stringify({
      chaos: 'batches',
      seed: SEED,
      kills: KILLS,
      lines: sent.length,
      lost: sent.length - output.length,
      files_lost: filesLost,
      repeated_calls: repeated,
    }),
  );
  expect(output).toEqual(sent);
  expect(errors).toEqual([]);
  expect(counts).toEqual({ total: sent.length, completed: sent.length, failed: 0 });
  expect(filesLost).toBe(0);
  expect(never).toBe(0);
  // At a kill no more is asked again than one gateway had under way or not committed yet.
  expect(repeated).toBeLessThanOrEqual(KILLS * UNCOMMITTED);
});

/** Lines at once, and those that end within the 100 ms after which a commit is made, and the commit itself. */
const UNCOMMITTED = 12 * CONCURRENCY;
