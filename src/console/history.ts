import { type Figures, sum, sumBy } from './exposition.ts';

/** What one reading of the figures says since the gateway started. */
export interface Reading {
  /** Seconds since 1970. */
  readonly at: number;
  readonly labels: number;
  readonly verdicts: number;
  readonly dollars: number;
  readonly byTier: ReadonlyMap<string, number>;
}

/** What happened between two readings. */
export interface Pace {
  readonly at: number;
  readonly labelsPerSecond: number;
  /** Null while no label was given. */
  readonly dollarsPerLabel: number | null;
}

/** Readings that are held: ten minutes of them at one every two seconds. */
const HELD = 300;
/** Readings over which a pace is taken, so that a quiet second does not make it jump. */
const SPAN = 5;

const isLabel = ({ outcome }: Readonly<Record<string, string>>): boolean =>
  outcome === 'ok' || outcome === 'tie';

export function readingOf(figures: Figures, at: number): Reading {
  return {
    at,
    labels: sum(figures, 'assay_verdicts_total', isLabel),
    verdicts: sum(figures, 'assay_verdicts_total'),
    dollars: sum(figures, 'assay_cost_dollars_total'),
    byTier: sumBy(
      figures,
      'assay_verdicts_total',
      'tier',
      (labels) => isLabel(labels) && labels['cached'] === 'no',
    ),
  };
}

/** The readings with a new one; begins again when the gateway did, which figures that fell tell. */
export function withReading(readings: readonly Reading[], next: Reading): readonly Reading[] {
  const last = readings.at(-1);
  return last !== undefined && next.verdicts < last.verdicts ? [next] : [...readings, next].slice(-HELD);
}

export function pacesOf(readings: readonly Reading[]): readonly Pace[] {
  return readings.slice(1).map((reading, i) => {
    const before = readings[Math.max(0, i + 1 - SPAN)] ?? reading;
    const labels = reading.labels - before.labels;
    const seconds = reading.at - before.at;
    return {
      at: reading.at,
      labelsPerSecond: seconds > 0 ? labels / seconds : 0,
      dollarsPerLabel: labels > 0 ? (reading.dollars - before.dollars) / labels : null,
    };
  });
}

/** Parts of a whole, the largest first. */
export function sharesOf(
  counts: ReadonlyMap<string, number>,
): readonly { readonly name: string; readonly share: number }[] {
  const total = [...counts.values()].reduce((left, right) => left + right, 0);
  if (total === 0) return [];
  return [...counts]
    .map(([name, count]) => ({ name, share: count / total }))
    .toSorted((left, right) => right.share - left.share);
}
