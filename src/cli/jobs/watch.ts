import { setTimeout as delay } from 'node:timers/promises';
import { hasEnded } from '../../domain/job.ts';
import type { CliIo } from '../io.ts';
import { createPaint } from '../print/paint.ts';
import { interruptedError, type JobsClient, type WireJob } from './client.ts';
import { renderJobBar, renderJobLine } from './render.ts';

const LOOK_MS = 1_000;
const PLAIN_LINE_MS = 5_000;
const CLEAR_LINE = '\r\u001b[K';
const DEFAULT_WIDTH = 100;

/** Shows how far a job is until it has ended; one line that is redrawn, or one every five seconds. */
export async function watchJob(
  client: JobsClient,
  id: string,
  io: CliIo,
  stop: AbortSignal,
): Promise<WireJob> {
  const { stderr } = io;
  const onTerminal = stderr.isTTY === true;
  const paint = createPaint(stderr, io.env);
  try {
    for (let shownAt = -Infinity; ;) {
      const job = await client.find(id);
      if (onTerminal) {
        const bar = renderJobBar(job, stderr.columns ?? DEFAULT_WIDTH, paint, Date.now());
        stderr.write(`${CLEAR_LINE}${bar}`);
      } else if (performance.now() - shownAt >= PLAIN_LINE_MS || hasEnded(job.state)) {
        stderr.write(`${renderJobLine(job, Date.now())}\n`);
        shownAt = performance.now();
      }
      if (hasEnded(job.state)) return job;
      await delay(LOOK_MS, undefined, { signal: stop }).catch(() => {
        throw interruptedError();
      });
    }
  } finally {
    if (onTerminal) stderr.write(CLEAR_LINE);
  }
}
