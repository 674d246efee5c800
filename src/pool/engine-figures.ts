import type { Clock } from '../contracts/clock.ts';
import type { ReplicaLoad } from '../contracts/engine.ts';

/**
 * What a replica's engine said of itself last, and how much that is still worth: figures lose half of their
 * weight each two seconds, so that old ones fade instead of misleading.
 */
export interface EngineFigures {
  /**
   * `ours` of the requests are from here. Tells whether the engine's count of work moved since the last
   * time; null when it cannot be known.
   */
  told(load: ReplicaLoad, ours: number): 'moved' | 'still' | null;
  /** Requests there that others sent, weighted; 0 when nothing is known. */
  others(): number;
  /** How full the last tenth of the KV cache is, in [0, 1], weighted: beyond it engines preempt requests. */
  pressure(): number;
  /** The last figures with their age in milliseconds; null before the first. */
  last(): { readonly load: ReplicaLoad; readonly ageMs: number } | null;
}

const HALF_LIFE_MS = 2_000;
const CACHE_FREE_UNTIL = 0.9;

export function createEngineFigures(clock: Clock): EngineFigures {
  let load: ReplicaLoad | null = null;
  let toldAt = 0;
  let foreign = 0;
  let full = 0;
  const weighted = (value: number): number =>
    value === 0 ? 0 : value * 2 ** ((toldAt - clock.monotonic()) / HALF_LIFE_MS);
  return {
    told(next, ours) {
      const [before, now] = [load?.progress, next.progress];
      load = next;
      toldAt = clock.monotonic();
      foreign = Math.max(0, next.running + next.waiting - ours);
      full = Math.max(0, ((next.cacheUse ?? 0) - CACHE_FREE_UNTIL) / (1 - CACHE_FREE_UNTIL));
      if (before === undefined || now === undefined) return null;
      return now === before ? 'still' : 'moved';
    },
    others: () => weighted(foreign),
    pressure: () => weighted(full),
    last: () => (load === null ? null : { load, ageMs: clock.monotonic() - toldAt }),
  };
}
