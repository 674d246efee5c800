import type { CallClass } from '../contracts/call.ts';

/** One call that waits for a place at the engine. */
export interface Waiter {
  readonly team: string;
  readonly class: CallClass;
  /** Estimated tokens that the engine must compute for it, >= 1. */
  readonly tokens: number;
  /** Estimated bytes of its texts. */
  readonly bytes: number;
  /** Instant on the monotonic clock at which it came. */
  readonly since: number;
  /** Ends the wait: its turn came, or it must go. Once. */
  end(how: Ending): void;
}

/** `turn`: it has a place now. `displaced`: a more urgent call needs its room. `closed`: the engine goes. */
export type Ending = 'turn' | 'displaced' | 'closed';
