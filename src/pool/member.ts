import type { CallStarter } from '../contracts/call.ts';
import type { Clock } from '../contracts/clock.ts';
import type { EngineFailure, Replica, ReplicaReport, ReplicaState } from '../contracts/engine.ts';
import type { Logger } from '../contracts/telemetry.ts';
import { type BusyMeter, createBusyMeter } from './busy-meter.ts';

/**
 * One replica in a pool and whether it may be used. It becomes ready by a warm-up and stops being
 * ready when a failure blames it; then it is warmed up again, with growing pauses, until it answers.
 */
export interface Member {
  readonly replica: Replica;
  /** `<engine>/<number>`: tells replicas apart in trails without showing addresses to users. */
  readonly name: string;
  readonly meter: BusyMeter;
  isReady(): boolean;
  state(): ReplicaState;
  /** Takes the replica out until a warm-up succeeds. */
  blame(failure: EngineFailure): void;
  close(): Promise<void>;
}

export interface MemberOptions {
  readonly engine: string;
  readonly name: string;
  readonly replica: Replica;
  readonly warmUpTimeoutMs: number;
  readonly clock: Clock;
  readonly calls: CallStarter;
  readonly logger: Logger;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

export function createMember(options: MemberOptions): Member {
  const { replica, engine, logger } = options;
  const meter = createBusyMeter(options.clock);
  let report: ReplicaReport | null = null;
  let reason: string | null = 'warming up';
  let closed = false;
  let stop: () => void = () => undefined;
  let warming: Promise<void> = Promise.resolve();

  const warmUp = async (pauseMs: number): Promise<void> => {
    const started = options.calls.start({
      requestId: `warm-up-${engine}`,
      team: 'assay',
      timeoutMs: options.warmUpTimeoutMs,
    });
    stop = () => started.cancel();
    const result = await replica.warmUp(started.call);
    started.end();
    if (closed) return;
    if (result.ok) {
      report = result.value;
      reason = null;
      logger.info(
        { engine, replica: replica.url, route: report.route, version: report.version },
        'replica is ready',
      );
      return;
    }
    if (reason !== result.failure.message) {
      reason = result.failure.message;
      logger.warn(
        { engine, replica: replica.url, code: result.failure.code, reason },
        'replica is not ready',
      );
    }
    stop = options.clock.after(pauseMs, () => {
      warming = warmUp(Math.min(LONGEST_PAUSE_MS, pauseMs * 2));
    });
  };
  warming = warmUp(FIRST_PAUSE_MS);

  return {
    replica,
    name: options.name,
    meter,
    isReady: () => reason === null,
    state: () => ({
      name: options.name,
      url: replica.url,
      ready: reason === null,
      inFlight: meter.running(),
      reason,
      report,
    }),
    blame(failure) {
      if (reason !== null || closed) return;
      reason = failure.message;
      logger.warn({ engine, replica: replica.url, code: failure.code, reason }, 'replica was taken out');
      warming = warmUp(FIRST_PAUSE_MS);
    },
    async close() {
      closed = true;
      stop();
      await warming;
      await replica.close();
    },
  };
}
