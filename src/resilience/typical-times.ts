import type { Clock } from '../contracts/clock.ts';
import type { QuestionKind, TypicalTimes } from '../contracts/resilience.ts';
import { createLatencyWindow, type LatencyWindow } from './latency-window.ts';

/** After so long without a call that went well, what was learned before tells nothing. */
const FORGET_MS = 10_000;

/**
 * The median times of an engine's calls by what they ask for. They are forgotten when no call went well for
 * ten seconds: where all are refused for being too late there would else never be a new time to learn from.
 */
export function createTypicalTimes(clock: Clock): TypicalTimes {
  const byKind: Record<QuestionKind, TypicalTime> = {
    label: createTypicalTime(clock),
    generation: createTypicalTime(clock),
    json: createTypicalTime(clock),
  };
  return {
    took: (kind, ms) => byKind[kind].took(ms),
    median: (kind) => byKind[kind].median(),
  };
}

interface TypicalTime {
  took(ms: number): void;
  median(): number | null;
}

function createTypicalTime(clock: Clock): TypicalTime {
  let times: LatencyWindow = createLatencyWindow();
  let learnedAt = clock.monotonic();
  const forgetOld = (now: number): void => {
    if (now - learnedAt >= FORGET_MS) times = createLatencyWindow();
  };
  return {
    took(ms) {
      const now = clock.monotonic();
      forgetOld(now);
      learnedAt = now;
      times.add(ms);
    },
    median() {
      return clock.monotonic() - learnedAt >= FORGET_MS ? null : times.quantile(0.5);
    },
  };
}
