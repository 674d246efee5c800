import type { RecentVerdict, RecentVerdicts } from '../contracts/admin.ts';
import type { Clock } from '../contracts/clock.ts';
import type { VerdictObserver } from '../contracts/observers.ts';

/** Verdicts that are held; older ones are in the ledger. */
const HELD = 100;

/** The newest verdicts of this gateway, whoever asked for them; bounded in number. */
export function createRecentVerdicts(clock: Clock): VerdictObserver & RecentVerdicts {
  const ring: RecentVerdict[] = [];
  let next = 0;
  return {
    given(verdict, place) {
      ring[next] = { verdict, ...place, at: clock.now() };
      next = (next + 1) % HELD;
    },
    newest: (limit) => [...ring.slice(next), ...ring.slice(0, next)].toReversed().slice(0, limit),
  };
}
