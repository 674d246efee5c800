import { appendFileSync, existsSync, truncateSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { hasEnded } from '../../domain/job.ts';
import { CommandError, EXIT, usageError } from '../exit.ts';
import { splitLines } from '../label/lines.ts';
import { interruptedError, type JobsClient } from './client.ts';

/** Longest row that is read back, in bytes. */
const LONGEST_ROW = 4 * 1024 * 1024;
const AGAIN_MS = 1_000;
/** Broken answers one after the other, none of which brought anything. */
const MOST_BREAKS = 30;

const rowSchema = z.looseObject({ index: z.int(), sequence: z.int() });

/**
 * Writes the results of a job to a file, in the order of its items, and goes on where an earlier download
 * stopped. Follows the job to its end, whatever breaks meanwhile. Gives back how many rows the file has.
 */
export async function downloadResults(
  client: JobsClient,
  id: string,
  path: string,
  stop: AbortSignal,
): Promise<number> {
  let last = await lastIndexOf(path);
  for (let breaks = 0; breaks < MOST_BREAKS;) {
    if (stop.aborted) throw interruptedError();
    const { state } = await client.find(id);
    const before = last;
    const isWhole = await append(
      path,
      (index) => (last = index),
      () => client.results(id, { follow: 'true', ...(last < 0 ? {} : { after: String(last) }) }, stop),
    );
    if (isWhole && hasEnded(state)) return last + 1;
    breaks = last > before || isWhole ? 0 : breaks + 1;
    if (!isWhole) await delay(AGAIN_MS, undefined, { signal: stop }).catch(() => undefined);
  }
  throw new CommandError(EXIT.stopped, 'the answers break off again and again; run it again to go on');
}

/** Index of the last row, or -1; a row that was cut off by a crash is taken away. */
async function lastIndexOf(path: string): Promise<number> {
  if (!existsSync(path)) return -1;
  let last = -1;
  for await (const { number, offset, bytes, ended } of splitLines(path, LONGEST_ROW)) {
    const row = ended ? rowSchema.safeParse(parse(bytes)) : undefined;
    if (row?.success === true && row.data.index === last + 1) {
      last = row.data.index;
    } else if (ended) {
      throw usageError(`${path}:${number}: this is not the next result of a job; name another file`);
    } else {
      truncateSync(path, offset);
    }
  }
  return last;
}

function parse(bytes: Buffer | null): unknown {
  try {
    return bytes === null ? null : JSON.parse(bytes.toString('utf8'));
  } catch {
    return null;
  }
}

/** False when the answer broke off; whole rows that came before are kept. */
async function append(
  path: string,
  took: (index: number) => void,
  open: () => Promise<AsyncIterable<Buffer>>,
): Promise<boolean> {
  let rest = '';
  const decoder = new TextDecoder();
  try {
    for await (const chunk of await open()) {
      const text = rest + decoder.decode(chunk, { stream: true });
      const end = text.lastIndexOf('\n') + 1;
      rest = text.slice(end);
      const whole = text.slice(0, end);
      if (whole === '') continue;
      appendFileSync(path, whole);
      took(rowSchema.parse(JSON.parse(whole.slice(whole.lastIndexOf('\n', whole.length - 2) + 1))).index);
    }
    return rest === '';
  } catch (error) {
    if (error instanceof CommandError && error.exitCode !== EXIT.stopped) throw error;
    return false;
  }
}
