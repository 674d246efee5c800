import type { Clock } from '../contracts/clock.ts';

/**
 * Bounds how much retries may add to the load of an engine: over the last ten seconds at most a share of
 * its requests, or a small number when there are few (Envoy's retry budget: 20 %, at least 3).
 */
export interface RetryBudget {
  /** A request came in. */
  requested(): void;
  /** Takes one retry out of the budget; false when nothing is left. */
  take(): boolean;
}

const BUCKETS = 10;
const BUCKET_MS = 1_000;

export function createRetryBudget(
  { share, minimum }: { readonly share: number; readonly minimum: number },
  clock: Clock,
): RetryBudget {
  const requests = new Float64Array(BUCKETS);
  const retries = new Float64Array(BUCKETS);
  let requestSum = 0;
  let retrySum = 0;
  let second = Math.floor(clock.monotonic() / BUCKET_MS);

  /** Moves the window to now and tells the current bucket. */
  const advance = (): number => {
    const now = Math.floor(clock.monotonic() / BUCKET_MS);
    const steps = Math.min(BUCKETS, now - second);
    for (let i = 1; i <= steps; i += 1) {
      const bucket = (second + i) % BUCKETS;
      requestSum -= requests[bucket] ?? 0;
      retrySum -= retries[bucket] ?? 0;
      requests[bucket] = 0;
      retries[bucket] = 0;
    }
    second = now;
    return now % BUCKETS;
  };
  return {
    requested() {
      const bucket = advance();
      requests[bucket] = (requests[bucket] ?? 0) + 1;
      requestSum += 1;
    },
    take() {
      const bucket = advance();
      if (retrySum + 1 > Math.max(minimum, share * requestSum)) return false;
      retries[bucket] = (retries[bucket] ?? 0) + 1;
      retrySum += 1;
      return true;
    },
  };
}
