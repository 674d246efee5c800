import type { Clock } from '../contracts/clock.ts';
import type { JobReception } from '../contracts/job-store.ts';
import type { IntakeReport, JobLine } from '../contracts/jobs.ts';
import type { Problem } from '../domain/errors.ts';
import { GatewayError } from '../domain/errors.ts';
import { SHARD_CHARACTERS, SHARD_ITEMS } from './settings.ts';

/** Problems that the report lists; the rest is counted, and told item by item in the results. */
const MOST_PROBLEMS = 100;

export interface IntakeTools {
  readonly store: JobReception;
  readonly maxItems: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** A slow body hands its shard in after it, so that the job does not count as broken off. */
const OLDEST_SHARD_MS = 15_000;

/**
 * Takes lines into shards and shards into the store while they come. It holds one shard, whatever the length
 * of the body, and waits for the store before it reads on.
 */
export async function takeIn(
  jobId: string,
  lines: AsyncIterable<JobLine>,
  { store, maxItems, clock, signal }: IntakeTools,
): Promise<IntakeReport> {
  const problems: { line: number; problem: Problem }[] = [];
  let invalid = 0;
  let items = 0;
  let no = 0;
  let shard: string[] = [];
  let characters = 0;
  let begunAt = clock.monotonic();
  const put = async (): Promise<void> => {
    const count = shard.length;
    await store.addShard(jobId, { no, first: items - count, count, items: `[${shard.join(',')}]` });
    no += 1;
    shard = [];
    characters = 0;
    begunAt = clock.monotonic();
  };
  for await (const { line, input } of lines) {
    signal.throwIfAborted();
    if (items === maxItems) {
      throw new GatewayError('request_too_large', `a job may have at most ${maxItems} items`);
    }
    items += 1;
    // What sampling left out is no fault of the caller's.
    if (!input.ok && input.problem.code !== 'not_sampled') {
      invalid += 1;
      if (problems.length < MOST_PROBLEMS) problems.push({ line, problem: input.problem });
    }
    const text = JSON.stringify(input);
    shard.push(text);
    characters += text.length;
    const isFull = shard.length === SHARD_ITEMS || characters >= SHARD_CHARACTERS;
    if (isFull || clock.monotonic() - begunAt >= OLDEST_SHARD_MS) await put();
  }
  if (shard.length > 0) await put();
  return { items, invalid, problems };
}
