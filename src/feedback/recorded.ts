import { hash } from 'node:crypto';
import type { FeedbackService, ItemInput } from '../contracts/feedback.ts';
import type { Call } from '../contracts/call.ts';
import type { Journal, VerdictRecord } from '../contracts/ledger.ts';
import { GatewayError } from '../domain/errors.ts';

export interface RecordedOptions {
  readonly journal: Journal;
  /** Policies whose replies wait until their verdicts are committed. */
  readonly committed: ReadonlySet<string>;
  /** Milliseconds since 1970. */
  now(): number;
}

/**
 * The service with every verdict kept, whatever became of its item. It asks for room before anything is judged,
 * so that nothing is paid for that could not be kept; writing is not waited for unless the policy says so.
 */
export function createRecordedFeedback(service: FeedbackService, options: RecordedOptions): FeedbackService {
  const { journal } = options;
  return {
    async judge(task, policy, items, call) {
      await journal.room(call.signal);
      const verdicts = await service.judge(task, policy, items, call);
      const at = options.now();
      const about = { team: call.team, policy, requestId: call.requestId, jobId: null, at };
      const records = verdicts.map((verdict, index): VerdictRecord => {
        const input = items[index];
        return { ...about, verdict, inputHash: input === undefined ? null : inputHashOf(input) };
      });
      const committed = journal.record(records);
      if (options.committed.has(policy)) await within(committed, call);
      // What the database refuses is in the log; the verdict is given all the same.
      else committed.catch(() => undefined);
      return verdicts;
    },
  };
}

/** The same prompt, candidates, rubric and wishes have the same hash in every request of every team. */
function inputHashOf(input: ItemInput): string | null {
  if (!input.ok) return null;
  const { prompt, candidates, rubric = null, wishes = null } = input.item;
  return hash('sha256', JSON.stringify([prompt, candidates, rubric, wishes]));
}

/** Waits for the commit as long as somebody wants the answer. */
async function within(committed: Promise<void>, { signal }: Call): Promise<void> {
  committed.catch(() => undefined);
  const message = 'the verdicts were made but not committed in time; they will be, ask for them again';
  const late = new GatewayError('storage_unavailable', message, { retryAfterSeconds: 5 });
  if (signal.aborted) throw late;
  await new Promise<void>((resolve, reject) => {
    const giveUp = (): void => reject(late);
    signal.addEventListener('abort', giveUp, { once: true });
    void committed.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  });
}
