import type { LaneQuality } from '../contracts/quality.ts';
import type { InForceMemory } from './in-force.ts';
import type { LooksState } from './looks.ts';

/** All that a lane knows beside its observations, as plain JSON. */
export interface LaneMemory {
  /** Another number is another meaning: then the lane begins anew. */
  readonly format: 1;
  readonly generation: number;
  /** Among the lanes of its team, from 1, in the order of their first items: it decides the share of delta. */
  readonly rank: number;
  readonly taken: number;
  readonly looks: LooksState;
  readonly refusal: { readonly reason: LaneQuality['refusal']; readonly message: string } | null;
  readonly lastAlarm: LaneQuality['lastAlarm'];
  readonly inForce: InForceMemory | null;
}

/** The memory that a lane of this version wrote; null for anything else. */
export function memoryOf(kept: unknown): LaneMemory | null {
  const isOurs = typeof kept === 'object' && kept !== null && Reflect.get(kept, 'format') === 1;
  // Only lanes write it, and the format tells this version's from others.
  return isOurs ? (kept as LaneMemory) : null;
}
