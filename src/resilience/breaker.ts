import { EventEmitter } from 'node:events';
import CircuitBreaker from 'opossum';
import type { Clock } from '../contracts/clock.ts';
import type { BreakerSettings } from './settings.ts';

/**
 * A circuit breaker as a gate in front of a recorder. The recorder is opossum: it keeps the window and
 * says when to open, and is told only of calls that have ended. Everything else is the gate's: tickets
 * carry a generation, so that calls from before an opening or closing decide nothing; one probe at a
 * time while half open; neutral outcomes count nowhere; a new recorder at each closing, because
 * opossum keeps its window; and a ramp after it.
 */
export interface Breaker {
  /**
   * Null when a call may pass now. `open` says that the replica fails, `ramp` that it has just come back
   * and has as many calls as it is trusted with. Changes nothing.
   */
  refusal(): 'open' | 'ramp' | null;
  /** Lets a call pass; to be asked only when `refusal()` said null. */
  admit(): Ticket;
  /** Calls that may be out at once now; 0 while it is open, 1 for a probe, infinite in health. */
  allowed(): number;
  /** How the call ended; a ticket counts once. */
  record(ticket: Ticket, outcome: 'ok' | 'fail' | 'neutral'): void;
  state(): 'closed' | 'open' | 'half_open';
}

export interface Ticket {
  readonly generation: number;
  readonly probe: boolean;
}

const BUCKETS = 10;
/** Calls at once at which the ramp after a closing ends. */
const RAMP_END = 64;

export function createBreaker(settings: BreakerSettings, clock: Clock): Breaker {
  let generation = 0;
  let recorder = createRecorder(settings, clock, trip);
  let openUntil: number | null = null;
  let probing = false;
  let passing = 0;
  let allowed = Number.POSITIVE_INFINITY;

  const mayProbe = (until: number): boolean => !probing && clock.monotonic() >= until;
  function nextGeneration(): void {
    generation += 1;
    passing = 0;
    probing = false;
  }
  function trip(): void {
    recorder.close();
    nextGeneration();
    openUntil = clock.monotonic() + settings.openMs;
  }
  function close(): void {
    recorder = createRecorder(settings, clock, trip);
    nextGeneration();
    openUntil = null;
    allowed = 1;
  }
  function recordProbe(outcome: 'ok' | 'fail' | 'neutral'): void {
    probing = false;
    if (outcome === 'ok') close();
    else if (outcome === 'fail') trip();
  }
  return {
    refusal() {
      if (openUntil === null) return passing >= allowed ? 'ramp' : null;
      return mayProbe(openUntil) ? null : 'open';
    },
    allowed: () => (openUntil === null ? allowed : Number(mayProbe(openUntil))),
    admit() {
      const probe = openUntil !== null;
      if (probe) probing = true;
      else passing += 1;
      return { generation, probe };
    },
    record(ticket, outcome) {
      if (ticket.generation !== generation) return;
      if (ticket.probe) {
        recordProbe(outcome);
        return;
      }
      passing -= 1;
      if (outcome === 'neutral') return;
      if (outcome === 'ok' && allowed <= RAMP_END) {
        allowed = allowed === RAMP_END ? Number.POSITIVE_INFINITY : allowed * 2;
      }
      recorder.record(outcome === 'ok');
    },
    state() {
      if (openUntil === null) return 'closed';
      return clock.monotonic() < openUntil ? 'open' : 'half_open';
    },
  };
}

interface Recorder {
  record(ok: boolean): void;
  close(): void;
}

const FAILED = new Error('recorded failure');
const ignore = (): void => undefined;

/** opossum with nothing of its own but the window: no timeout, no timers, no percentiles. */
function createRecorder(settings: BreakerSettings, clock: Clock, onOpen: () => void): Recorder {
  const rotator = new EventEmitter();
  const bucketMs = settings.windowMs / BUCKETS;
  let rotatedAt = clock.monotonic();
  const circuit = new CircuitBreaker((ok: boolean) => (ok ? Promise.resolve() : Promise.reject(FAILED)), {
    timeout: false,
    rollingPercentilesEnabled: false,
    enableSnapshots: false,
    rotateBucketController: rotator,
    rollingCountTimeout: settings.windowMs,
    rollingCountBuckets: BUCKETS,
    volumeThreshold: settings.minimumCalls,
    errorThresholdPercentage: settings.failureShare * 100,
  });
  circuit.once('open', onOpen);
  return {
    record(ok) {
      const passed = Math.floor((clock.monotonic() - rotatedAt) / bucketMs);
      rotatedAt += passed * bucketMs;
      for (let i = Math.min(passed, BUCKETS); i > 0; i -= 1) rotator.emit('rotate');
      circuit.fire(ok).catch(ignore);
    },
    close: () => circuit.shutdown(),
  };
}
