import type { Call, CallStarter, StartedCall } from '../contracts/call.ts';

/**
 * Judgments that nobody waits for: the small judge in the shadow of a reply, and the reference judge
 * behind an accepted label. They run as calls of class `audit` with a deadline of their own, a bounded
 * number at once, a bounded number waiting; more are dropped and counted, never queued for ever.
 */
export interface Auditor {
  /** Starts `work`, now or when there is room; false when there is none. `work` must not throw. */
  run(audit: Audit): boolean;
  /** Audits that were dropped because as many as allowed were waiting. */
  dropped(): number;
  /** Resolves when nothing runs or waits. */
  idle(): Promise<void>;
  /** Drops what waits and aborts what runs; resolves when it has ended. */
  close(): Promise<void>;
}

export interface Audit {
  readonly requestId: string;
  readonly team: string;
  /** Time for the work, in milliseconds. */
  readonly timeoutMs: number;
  work(call: Call): Promise<void>;
}

export interface AuditorOptions {
  readonly calls: CallStarter;
  /** Audits that run at the same time, >= 1. */
  readonly concurrency: number;
  /** Audits that wait at most. */
  readonly waiting: number;
}

export function createAuditor({ calls, concurrency, waiting }: AuditorOptions): Auditor {
  const queue: Audit[] = [];
  const running = new Set<StartedCall>();
  let idlers: (() => void)[] = [];
  let dropped = 0;
  let closed = false;

  const start = (audit: Audit): void => {
    const { requestId, team, timeoutMs } = audit;
    const started = calls.start({ requestId, team, timeoutMs, class: 'audit' });
    running.add(started);
    void audit.work(started.call).finally(() => {
      started.end();
      running.delete(started);
      const next = queue.shift();
      if (next !== undefined) start(next);
      if (running.size === 0) wake();
    });
  };
  const wake = (): void => {
    for (const idler of idlers) idler();
    idlers = [];
  };
  const idle = (): Promise<void> =>
    running.size === 0 ? Promise.resolve() : new Promise((resolve) => idlers.push(resolve));

  return {
    run(audit) {
      if (closed || (running.size >= concurrency && queue.length >= waiting)) {
        dropped += 1;
        return false;
      }
      if (running.size < concurrency) start(audit);
      else queue.push(audit);
      return true;
    },
    dropped: () => dropped,
    idle,
    close() {
      closed = true;
      dropped += queue.length;
      queue.length = 0;
      for (const started of running) started.cancel();
      return idle();
    },
  };
}
