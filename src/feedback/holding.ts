import type { Call } from '../contracts/call.ts';
import type { Clock } from '../contracts/clock.ts';
import type { FeedbackService, ItemInput } from '../contracts/feedback.ts';
import { ERRORS } from '../domain/errors.ts';
import type { Verdict } from '../domain/verdict.ts';

/**
 * For callers to whom a failed item is worse than a late one, as trainers are: items whose failure may pass
 * are judged again until the call's deadline, with growing pauses. What cannot pass is told at once.
 */
export function createHoldingFeedback(feedback: FeedbackService, clock: Clock): FeedbackService {
  return {
    async judge(task, policy, items, call) {
      const verdicts = [...(await feedback.judge(task, policy, items, call))];
      for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)) {
        const open = positionsOf(verdicts, mayPass);
        if (open.length === 0 || !(await waited(clock, pauseMs, call))) return verdicts;
        const again = open.flatMap((position): ItemInput[] => items.slice(position, position + 1));
        const judged = await feedback.judge(task, policy, again, call);
        for (const [index, position] of open.entries()) {
          const verdict = judged[index];
          if (verdict !== undefined) verdicts[position] = verdict;
        }
      }
    },
  };
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 8_000;

function positionsOf(verdicts: readonly Verdict[], holds: (verdict: Verdict) => boolean): number[] {
  return verdicts.flatMap((verdict, position) => (holds(verdict) ? [position] : []));
}

function mayPass({ problem }: Verdict): boolean {
  return problem !== null && ERRORS[problem.code].retryable;
}

/** False when the call ends before the pause would: the last answer is then the answer. */
async function waited(clock: Clock, ms: number, { signal, deadline }: Call): Promise<boolean> {
  if (signal.aborted || clock.monotonic() + ms >= deadline) return false;
  await new Promise<void>((resolve) => {
    const stop = clock.after(ms, end);
    signal.addEventListener('abort', end, { once: true });
    function end(): void {
      stop();
      signal.removeEventListener('abort', end);
      resolve();
    }
  });
  return !signal.aborted;
}
