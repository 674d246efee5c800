import { LRUCache } from 'lru-cache';
import type { Clock } from '../contracts/clock.ts';
import type { RoutingResult } from '../contracts/routing.ts';
import type { ScoreJudgment } from '../domain/score.ts';

/** Scores that may be given again, in the memory of this process, at most `bytes` of it by estimate. */
export interface ScoreStore {
  get(key: string): RoutingResult<ScoreJudgment> | undefined;
  /** `ttlMs` is its time to live in milliseconds, > 0. */
  set(key: string, result: RoutingResult<ScoreJudgment>, ttlMs: number): void;
}

interface Entry {
  readonly result: RoutingResult<ScoreJudgment>;
  /** Instant on the monotonic clock. */
  readonly until: number;
}

export function createScoreStore(bytes: number, clock: Pick<Clock, 'monotonic'>): ScoreStore {
  const entries = new LRUCache<string, Entry>({ maxSize: bytes, sizeCalculation: bytesOf });
  return {
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined || entry.until > clock.monotonic()) return entry?.result;
      entries.delete(key);
      return undefined;
    },
    set: (key, result, ttlMs) => void entries.set(key, { result, until: clock.monotonic() + ttlMs }),
  };
}

/** As labels are estimated; a criterion has a number for each point of its scale. */
const ENTRY_BYTES = 1_600;
const CALL_BYTES = 1_000;
const CRITERION_BYTES = 600;

function bytesOf({ result: { end, trail } }: Entry): number {
  const criteria = end.type === 'failed' ? 0 : end.judgment.criteria.length;
  return ENTRY_BYTES + CALL_BYTES * trail.length + CRITERION_BYTES * criteria;
}
