import type { CallStarter, StartedCall } from '../contracts/call.ts';
import type { Clock } from '../contracts/clock.ts';
import type { EngineFailure, Replica, ReplicaReport } from '../contracts/engine.ts';
import type { Logger } from '../contracts/telemetry.ts';

/**
 * Whether a replica is ready. It becomes so by a warm-up and stops when a failure blames it; then it is
 * warmed up again, with growing pauses, until it answers.
 */
export interface Readiness {
  /** Why it is not ready; null when it is. */
  reason(): string | null;
  /** Instant on the monotonic clock. */
  readySince(): number;
  /** Of the last warm-up that succeeded. */
  report(): ReplicaReport | null;
  lose(failure: EngineFailure): void;
  close(): Promise<void>;
}

export interface ReadinessOptions {
  readonly engine: string;
  readonly replica: Replica;
  readonly warmUpTimeoutMs: number;
  readonly onChange: () => void;
  readonly clock: Clock;
  readonly calls: CallStarter;
  readonly logger: Logger;
}

/**
 * Time of the first try to warm up a replica that was ready before; it doubles with each one that fails.
 * What hung a moment ago may hang again, and a replica that is back must not wait for that.
 */
const FIRST_PROBE_MS = 5_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

export function createReadiness(options: ReadinessOptions): Readiness {
  const { replica, engine, logger, clock, warmUpTimeoutMs } = options;
  let report: ReplicaReport | null = null;
  let reason: string | null = 'warming up';
  let readySince = 0;
  let closed = false;
  let stop: () => void = () => undefined;
  let warming: Promise<void> = Promise.resolve();

  const turnReady = (found: ReplicaReport): void => {
    report = found;
    reason = null;
    readySince = clock.monotonic();
    logger.info(
      { engine, replica: replica.url, route: report.route, version: report.version },
      'replica is ready',
    );
    options.onChange();
  };
  /** Tells the log once, not at every try. */
  const stayUnready = ({ code, message }: EngineFailure): void => {
    if (reason === message) return;
    reason = message;
    logger.warn({ engine, replica: replica.url, code, reason }, 'replica is not ready');
  };
  const warmUp = async (pauseMs: number, timeoutMs: number): Promise<void> => {
    const started = startWarmUp(options, timeoutMs);
    stop = () => started.cancel();
    const result = await replica.warmUp(started.call);
    started.end();
    if (closed) return;
    if (result.ok) {
      turnReady(result.value);
      return;
    }
    stayUnready(result.failure);
    stop = clock.after(pauseMs, () => {
      warming = warmUp(Math.min(LONGEST_PAUSE_MS, pauseMs * 2), Math.min(warmUpTimeoutMs, timeoutMs * 2));
    });
  };
  warming = warmUp(FIRST_PAUSE_MS, warmUpTimeoutMs);

  return {
    reason: () => reason,
    readySince: () => readySince,
    report: () => report,
    lose(failure) {
      if (reason !== null || closed) return;
      reason = failure.message;
      logger.warn({ engine, replica: replica.url, code: failure.code, reason }, 'replica was taken out');
      options.onChange();
      warming = warmUp(FIRST_PAUSE_MS, Math.min(warmUpTimeoutMs, FIRST_PROBE_MS));
    },
    async close() {
      closed = true;
      stop();
      await warming;
    },
  };
}

function startWarmUp({ calls, engine }: ReadinessOptions, timeoutMs: number): StartedCall {
  return calls.start({ requestId: `warm-up-${engine}`, team: 'assay', timeoutMs });
}
