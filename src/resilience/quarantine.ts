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
  /** This replica went down while it had the item. Calls of one item that it took along count once. */
  crashed(identity: string, replica: string | null): void;
  size(): number;
}

/** No engine is back sooner than this: failures of one item on one replica within it are one crash. */
const SAME_CRASH_MS = 1_000;

interface Suspect {
  readonly crashes: number;
  readonly until: number;
  /** Where and when it crashed last. */
  readonly replica: string | null;
  readonly at: number;
}

export function createQuarantine(settings: QuarantineSettings, clock: Clock): Quarantine {
  /** In the order of their last crash. */
  const suspects = new Map<string, Suspect>();
  const find = (identity: string): Suspect | undefined => {
    const suspect = suspects.get(identity);
    if (suspect === undefined || suspect.until > clock.monotonic()) return suspect;
    suspects.delete(identity);
    return undefined;
  };
  return {
    refusalOf(identity) {
      if (suspects.size === 0) return null;
      const crashes = find(identity())?.crashes ?? 0;
      return crashes >= settings.crashes ? quarantined(crashes) : null;
    },
    crashed(identity, replica) {
      const at = clock.monotonic();
      const last = find(identity);
      if (last !== undefined && last.replica === replica && at - last.at < SAME_CRASH_MS) return;
      suspects.delete(identity);
      suspects.set(identity, {
        crashes: 1 + (last?.crashes ?? 0),
        until: at + settings.keepMs,
        replica,
        at,
      });
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
