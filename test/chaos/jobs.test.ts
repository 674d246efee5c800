import { expect, it } from 'vitest';
import { runChaos } from '../fakes/job-chaos.ts';
import { CONCURRENCY, KILLS, SEED, sayHowToRepeat } from './plan.ts';

it(`a job survives ${KILLS} kills of its gateway`, async () => {
  sayHowToRepeat();
  const plan = { items: 80 * KILLS, kills: KILLS, seed: SEED, concurrency: CONCURRENCY };
  const report = await runChaos(plan);
  const { promised, jobs, rows, repeated, never, resumedMs } = report;
  const items = jobs.reduce((sum, job) => sum + job.items, 0);
  const longest = Math.max(...resumedMs);
  console.log(
    JSON.stringify({
      chaos: 'jobs',
      seed: SEED,
      kills: KILLS,
      jobs: promised.length,
      items,
      lost: items - rows.length,
      twice: rows.length - new Set(rows.map(({ job, index }) => `${job} ${index}`)).size,
      repeated_calls: repeated,
      resumed_ms_longest: Math.round(longest),
    }),
  );
  expect(promised).toHaveLength(1 + Math.floor(KILLS / 2));
  expect(jobs.filter((job) => job.finished !== job.items)).toEqual([]);
  expect(rows).toHaveLength(items);
  expect(new Set(rows.map(({ job, index }) => `${job} ${index}`)).size).toBe(items);
  expect(rows.filter(({ outcome }) => outcome !== 'ok')).toEqual([]);
  expect(never).toBe(0);
});
