import { expect, it } from 'vitest';
import { runChaos } from '../../fakes/job-chaos.ts';

it('a job survives kill -9 of its gateway: nothing is lost, nothing ends twice', async () => {
  const plan = { items: 100, kills: 2, seed: 7, concurrency: 8 };
  const { promised, jobs, rows, repeated, never } = await runChaos(plan);
  expect(promised).toHaveLength(2);
  expect(jobs.map(({ items, finished }) => [items, finished])).toEqual([
    [100, 100],
    [5, 5],
  ]);
  expect(new Set(rows.map(({ job, index }) => `${job} ${index}`)).size).toBe(105);
  expect(rows.map(({ outcome }) => outcome)).toEqual(Array.from({ length: 105 }, () => 'ok'));
  expect(never).toBe(0);
  // What was under way, or had ended within the last quarter of a second, is asked again.
  expect(repeated).toBeLessThanOrEqual(2 * 100);
}, 120_000);
