import type { Clock } from '../contracts/clock.ts';
import type { EngineFailure } from '../contracts/engine.ts';
import type { QuarantineSettings } from './settings.ts';

/**
 * Keeps items away from the engines that were present at several engine crashes: one of them is likely
 * the cause, and each further try would take another replica down. The table is bounded; its oldest
 * entry goes first. While it is empty, which is nearly always, nothing is hashed.
 */
export interface Quarantine {
  /** The failure of a quarantined item; null for any other. */
  refusalOf(identity: () => string): EngineFailure | null;
  /** An engine crashed while it had the item. */
  crashed(identity: string): void;
  size(): number;
}

export function createQuarantine(settings: QuarantineSettings, clock: Clock): Quarantine {
  /** In the order of their last crash. */
  const suspects = new Map<string, { readonly crashes: number; readonly until: number }>();
  const crashesOf = (identity: string): number => {
    const suspect = suspects.get(identity);
    if (suspect === undefined) return 0;
    if (suspect.until > clock.monotonic()) return suspect.crashes;
    suspects.delete(identity);
    return 0;
  };
  return {
    refusalOf(identity) {
      if (suspects.size === 0) return null;
      const crashes = crashesOf(identity());
      return crashes >= settings.crashes ? quarantined(crashes) : null;
    },
    crashed(identity) {
      const crashes = crashesOf(identity) + 1;
      suspects.delete(identity);
      suspects.set(identity, { crashes, until: clock.monotonic() + settings.keepMs });
      if (suspects.size <= settings.maximumItems) return;
      for (const oldest of suspects.keys()) {
        suspects.delete(oldest);
        break;
      }
    },
    size: () => suspects.size,
  };
}

function quarantined(crashes: number): EngineFailure {
  return {
    code: 'quarantined',
    message: `the item was present at ${crashes} crashes of the engine and is not sent to it again`,
    sent: false,
    blamesReplica: false,
  };
}
