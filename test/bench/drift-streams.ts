import { createLaneMonitor } from '../../src/routing/drift/lane.ts';
import { createDistributionWatch } from '../../src/routing/drift/distribution-watch.ts';
import { createSeededRandom, type SeededRandom } from '../../src/statistics/random.ts';

/** A stream of items of one lane, of which a coin audits some. */
export interface DriftStream {
  readonly alpha: number;
  readonly auditShare: number;
  readonly runToFalseAlarm?: number;
  /** Items with the first risk, then items with the second. */
  readonly before: { readonly items: number; readonly risk: number };
  readonly after: { readonly items: number; readonly risk: number };
}

export interface StreamResult {
  /** Alarmed while the risk was still the first one. */
  readonly early: boolean;
  /** Audits from the change to the alarm; null without one. */
  readonly delay: number | null;
}

/** Plays a stream through the monitor that watches live traffic. */
export function playStream(stream: DriftStream, random: SeededRandom): StreamResult {
  const { auditShare, before, after } = stream;
  const monitor = createLaneMonitor(stream);
  let audits = 0;
  for (let item = 0; item < before.items + after.items; item += 1) {
    if (random.uniform() >= auditShare) continue;
    const isAfter = item >= before.items;
    if (isAfter) audits += 1;
    const error = random.uniform() < (isAfter ? after.risk : before.risk);
    if (monitor.observe({ error, probability: auditShare }) !== null) {
      return { early: !isAfter, delay: isAfter ? audits : null };
    }
  }
  return { early: false, delay: null };
}

export interface StreamFigures {
  readonly falseAlarmShare: number;
  readonly missedShare: number;
  readonly medianDelay: number | null;
  readonly p90Delay: number | null;
}

/** Many runs of one stream; delays in audits, over the runs without a false alarm. */
export function measureStreams(stream: DriftStream, runs: number, seed: number): StreamFigures {
  const random = createSeededRandom(seed);
  const results = Array.from({ length: runs }, () => playStream(stream, random));
  const fair = results.filter((result) => !result.early);
  // A run without an alarm waited longer than any other.
  const delays = fair.map((result) => result.delay ?? Number.POSITIVE_INFINITY).toSorted((x, y) => x - y);
  const at = (share: number): number | null => {
    const delay = delays[Math.floor(share * delays.length)] ?? Number.POSITIVE_INFINITY;
    return Number.isFinite(delay) ? delay : null;
  };
  return {
    falseAlarmShare: (runs - fair.length) / runs,
    missedShare: fair.filter((result) => result.delay === null).length / Math.max(1, fair.length),
    medianDelay: at(0.5),
    p90Delay: at(0.9),
  };
}

/** Share of lanes whose score watch alarms within `items` values; `shift`: live scores are u^(1 + shift). */
export function scoreAlarmShare(
  { reference, items, shift }: { readonly reference: number; readonly items: number; readonly shift: number },
  runs: number,
  seed: number,
): number {
  const random = createSeededRandom(seed);
  let alarms = 0;
  for (let run = 0; run < runs; run += 1) {
    const watch = createDistributionWatch(Array.from({ length: reference }, () => random.uniform()));
    for (let item = 0; item < items; item += 1) {
      if (watch.observe(random.uniform() ** (1 + shift)) === null) continue;
      alarms += 1;
      break;
    }
  }
  return alarms / runs;
}
