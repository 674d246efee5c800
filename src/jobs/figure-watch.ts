import type { Clock } from '../contracts/clock.ts';
import type { JobFigureReader, JobFigures } from '../contracts/job-figures.ts';
import { pause } from './pause.ts';

/** The figures of jobs as they were a moment ago. */
export interface FigureWatch {
  /** Null before the first look, and while the store cannot be asked: old figures would look like standstill. */
  figures(): JobFigures | null;
  start(): void;
  stop(): Promise<void>;
}

const LOOK_MS = 5_000;

/** Asks the store now and then, so that a scrape never waits for it. */
export function createFigureWatch(reader: JobFigureReader, clock: Clock): FigureWatch {
  const stopping = new AbortController();
  let figures: JobFigures | null = null;
  let running: Promise<void> = Promise.resolve();
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      figures = await reader.figures().catch(() => null);
      await pause(clock, LOOK_MS, stopping.signal);
    }
  };
  return {
    figures: () => figures,
    start() {
      running = run();
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
