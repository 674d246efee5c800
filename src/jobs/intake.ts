import type { JobReception } from '../contracts/job-store.ts';
import type { IntakeReport, JobLine } from '../contracts/jobs.ts';
import type { Problem } from '../domain/errors.ts';
import { GatewayError } from '../domain/errors.ts';
import { SHARD_CHARACTERS, SHARD_ITEMS } from './settings.ts';

/** Problems that the report lists; the rest is counted, and told item by item in the results. */
const MOST_PROBLEMS = 100;

/**
 * Takes lines into shards and shards into the store while they come. It holds one shard, whatever the length
 * of the body, and waits for the store before it reads on.
 */
export async function takeIn(
  jobId: string,
  lines: AsyncIterable<JobLine>,
  { store, maxItems, signal }: { store: JobReception; maxItems: number; signal: AbortSignal },
): Promise<IntakeReport> {
  const problems: { line: number; problem: Problem }[] = [];
  let invalid = 0;
  let items = 0;
  let no = 0;
  let shard: string[] = [];
  let characters = 0;
  const put = async (): Promise<void> => {
    const count = shard.length;
    await store.addShard(jobId, { no, first: items - count, count, items: `[${shard.join(',')}]` });
    no += 1;
    shard = [];
    characters = 0;
  };
  for await (const { line, input } of lines) {
    signal.throwIfAborted();
    if (items === maxItems) {
      throw new GatewayError('request_too_large', `a job may have at most ${maxItems} items`);
    }
    items += 1;
    if (!input.ok) {
      invalid += 1;
      if (problems.length < MOST_PROBLEMS) problems.push({ line, problem: input.problem });
    }
    const text = JSON.stringify(input);
    shard.push(text);
    characters += text.length;
    if (shard.length === SHARD_ITEMS || characters >= SHARD_CHARACTERS) await put();
  }
  if (shard.length > 0) await put();
  return { items, invalid, problems };
}
