import type { AuditObserver } from '../../contracts/observers.ts';
import type { AnchorItem, AnchorQuality } from '../../contracts/anchors.ts';
import type { Call } from '../../contracts/call.ts';
import type { Clock, Random } from '../../contracts/clock.ts';
import type { Judge } from '../../contracts/judge.ts';
import type { Auditor } from '../auditor.ts';
import { type AnchorRecord, createAnchorRecord } from './anchor-record.ts';

/**
 * Has the judges of a policy answer its anchor items again and again, one item every so often, as calls of class
 * audit. It owns the clock of that and what was said; an alarm is told, and whoever is told withdraws.
 */
export interface AnchorWatch {
  /** The judges as they are configured now, by tier; asked from now on. Starts the watch. */
  use(judges: ReadonlyMap<string, Judge>): void;
  quality(): AnchorQuality[];
  /** No item is asked about any more. */
  stop(): void;
}

export interface AnchorWatchOptions {
  readonly policy: string;
  readonly items: readonly AnchorItem[];
  /** Share of changed answers that is no drift, in (0, 1). */
  readonly tolerance: number;
  /** Milliseconds from one item to the next, >= 1. */
  readonly everyMs: number;
  /** Time for one item with all judges, in milliseconds. */
  readonly timeoutMs: number;
  readonly auditor: Auditor;
  readonly clock: Clock;
  readonly random: Random;
  alarm(judge: string, detail: string): void;
  readonly observer?: AuditObserver | undefined;
}

/** Whose calls these are, for engines and the log: no team's. */
const TEAM = 'assay:anchors';

export function createAnchorWatch(options: AnchorWatchOptions): AnchorWatch {
  const { items, tolerance, everyMs, timeoutMs, auditor, clock, random, alarm } = options;
  const records = new Map<string, AnchorRecord>();
  let judges: ReadonlyMap<string, Judge> = new Map();
  let isBusy = false;
  let cancel: (() => void) | null = null;
  let isStopped = false;

  const recordOf = (tier: string): AnchorRecord => {
    const known = records.get(tier);
    if (known !== undefined) return known;
    const created = createAnchorRecord({ items, tolerance, now: clock.now, uniform: random.uniform });
    records.set(tier, created);
    return created;
  };
  const ask = async (call: Call): Promise<void> => {
    for (const [tier, judge] of judges) {
      const record = recordOf(tier);
      const index = record.next();
      const anchor = items[index];
      if (anchor === undefined || call.signal.aborted) break;
      const reply = await judge.judge(anchor.item, { tier }, call);
      options.observer?.audited({
        team: TEAM,
        policy: options.policy,
        shadow: [],
        audit: reply.trail,
        result: null,
      });
      const detail = reply.ok ? record.take(index, reply.judgment) : null;
      if (detail !== null) alarm(tier, detail);
    }
    isBusy = false;
  };
  const tick = (): void => {
    if (isStopped) return;
    cancel = clock.after(everyMs, tick);
    if (isBusy) return;
    // No room among the audits: this turn is left out.
    isBusy = auditor.run({ requestId: random.id('anc_'), team: TEAM, timeoutMs, work: ask });
  };
  return {
    use(now) {
      judges = now;
      if (!isStopped && items.length > 0) cancel ??= clock.after(everyMs, tick);
    },
    quality: () => [...records].map(([judge, record]) => ({ judge, ...record.quality() })),
    stop() {
      isStopped = true;
      cancel?.();
    },
  };
}
