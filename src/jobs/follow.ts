import type { Clock } from '../contracts/clock.ts';
import type { JobReader } from '../contracts/job-store.ts';
import type { Job, JobResult, ResultQuery } from '../contracts/jobs.ts';
import { hasEnded } from '../domain/job.ts';
import { pause } from './pause.ts';

/** Results that are read at once: some megabytes at most. */
const PAGE = 250;
/** Pause before the next look at a job that goes on. */
const LOOK_MS = 500;

interface Following {
  readonly store: Pick<JobReader, 'results'>;
  readonly clock: Clock;
  readonly find: () => Promise<Job>;
}

/** Results page by page; in the order of items never past one that has no end yet. */
export async function* followResults(
  { store, clock, find }: Following,
  id: string,
  { order, after, follow }: ResultQuery,
  signal: AbortSignal,
): AsyncGenerator<readonly JobResult[], void> {
  let last = after;
  while (!signal.aborted) {
    // Looked at first: what ends after this look is found at the next one.
    const job = await find();
    const page = await store.results(id, { order, after: last, limit: PAGE });
    const ready = order === 'item' ? unbroken(page, last) : page;
    const newest = ready.at(-1);
    if (newest !== undefined) {
      last = order === 'item' ? newest.n : newest.sequence;
      yield ready;
    }
    if (ready.length === PAGE) continue;
    if (!follow || hasEnded(job.state)) return;
    await pause(clock, LOOK_MS, signal);
  }
}

/** Those that follow on item `last` without a gap. */
function unbroken(page: readonly JobResult[], last: number): readonly JobResult[] {
  const gap = page.findIndex(({ n }, index) => n !== last + 1 + index);
  return gap === -1 ? page : page.slice(0, gap);
}

/** The job, and again whenever something of it changed, until it has ended. */
export async function* watchJob(
  { clock, find }: Pick<Following, 'clock' | 'find'>,
  signal: AbortSignal,
): AsyncGenerator<Job, void> {
  let before: Job | null = null;
  while (!signal.aborted) {
    const job = await find();
    if (before === null || before.state !== job.state || before.lastSequence !== job.lastSequence) yield job;
    if (hasEnded(job.state)) return;
    before = job;
    await pause(clock, LOOK_MS, signal);
  }
}
