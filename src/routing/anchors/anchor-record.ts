import type { AnchorItem, AnchorQuality } from '../../contracts/anchors.ts';
import type { Judgment } from '../../domain/judgment.ts';
import { labelOf } from '../../domain/preference.ts';
import type { Label } from '../../domain/verdict.ts';
import { createDistributionWatch, type DistributionWatch } from '../drift/distribution-watch.ts';
import { createLaneMonitor, type LaneMonitor } from '../drift/lane.ts';

/**
 * What one judge said of the anchor items. Its first answer to each is what later ones are held against: the share
 * that differs may be at most `tolerance`, and P(a) must go on coming from the same distribution. Items are drawn by
 * chance, so that the e-process over repeated answers is valid whenever it is looked at.
 */
export interface AnchorRecord {
  /** The item to ask about next: one that is not known yet, then any. */
  next(): number;
  /** Takes an answer; the reason for an alarm when this one made it plain. Then everything begins anew. */
  take(index: number, judgment: Judgment): string | null;
  quality(): Omit<AnchorQuality, 'judge'>;
}

export interface AnchorRecordOptions {
  readonly items: readonly AnchorItem[];
  /** Share of changed answers that is no drift, in (0, 1): the judge's own noise. */
  readonly tolerance: number;
  readonly now: () => number;
  /** Uniform in [0, 1). */
  readonly uniform: () => number;
}

interface Known {
  readonly label: Label | null;
  readonly p: number;
  newest: Label | null;
}

/** Everything that one build of the judge said. */
interface Epoch {
  readonly key: string | null;
  readonly known: Map<number, Known>;
  readonly monitor: LaneMonitor;
  /** Null until every item is known. */
  scores: DistributionWatch | null;
  repeated: number;
  changed: number;
}

export function createAnchorRecord(options: AnchorRecordOptions): AnchorRecord {
  const { items, now, uniform } = options;
  let epoch = newEpoch(options, null);
  let lastAlarm: AnchorQuality['lastAlarm'] = null;
  const alarm = (detail: string): string => {
    lastAlarm = { at: now(), detail };
    epoch = newEpoch(options, epoch.key);
    return detail;
  };
  return {
    next() {
      const unknown = items.findIndex((_, index) => !epoch.known.has(index));
      return unknown >= 0 ? unknown : Math.floor(uniform() * items.length);
    },
    take(index, judgment) {
      // Another build is another judge: what it says is new, not drift.
      if (epoch.key !== judgment.key.id) epoch = newEpoch(options, judgment.key.id);
      const answer = { label: labelOf(judgment.probabilities), p: judgment.probabilities.a };
      const known = epoch.known.get(index);
      if (known !== undefined) {
        const why = compare(epoch, known, answer);
        return why === null ? null : alarm(why);
      }
      epoch.known.set(index, { ...answer, newest: answer.label });
      if (epoch.known.size === items.length) {
        epoch.scores = createDistributionWatch([...epoch.known.values()].map(({ p }) => p));
      }
      return null;
    },
    quality: () => ({ ...qualityOf(epoch, items), lastAlarm }),
  };
}

/** One item a minute is 43,200 answers a month, many more than a lane has audits: alarms must be that much rarer. */
const RUN = 1_000;

function newEpoch({ tolerance }: AnchorRecordOptions, key: string | null): Epoch {
  const monitor = createLaneMonitor({ alpha: tolerance, auditShare: 1, runToFalseAlarm: RUN });
  return { key, known: new Map(), monitor, scores: null, repeated: 0, changed: 0 };
}

/** Counts an answer to an item that was answered before; the reason for an alarm, or null. */
function compare(epoch: Epoch, known: Known, answer: Pick<Known, 'label' | 'p'>): string | null {
  known.newest = answer.label;
  const isChanged = answer.label !== known.label;
  epoch.repeated += 1;
  if (isChanged) epoch.changed += 1;
  const alarm = epoch.monitor.observe({ error: isChanged, probability: 1 });
  const { changed, repeated } = epoch;
  if (alarm !== null) return `${changed} of ${repeated} answers to the anchor set differ from its first ones`;
  const shift = epoch.scores?.observe(answer.p) ?? null;
  if (shift === null) return null;
  const { gap, psi } = shift;
  return `its probabilities on the anchor set have moved (gap ${gap.toFixed(2)}, stability index ${psi.toFixed(2)})`;
}

function qualityOf(
  { known, repeated, changed }: Epoch,
  items: readonly AnchorItem[],
): Omit<AnchorQuality, 'judge' | 'lastAlarm'> {
  const answered = [...known].filter(([index]) => (items[index]?.gold ?? null) !== null);
  const right = answered.filter(([index, { newest }]) => items[index]?.gold === newest).length;
  return { known: known.size, items: items.length, repeated, changed, gold: answered.length, right };
}
