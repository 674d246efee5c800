import { reliabilityBins } from '../statistics/calibration-error.ts';
import type { JudgeProfile } from './judge-profile.ts';
import type { Stated } from './measures.ts';
import type { Chart } from './plot/chart.ts';
import type { Series } from './plot/mark.ts';
import { domainOf } from './plot/scale.ts';
import { formatPercent } from './report/format.ts';

/** Colours for things in a row, again from the first when there are many. */
export function seriesAt(index: number): Series {
  const all = [1, 2, 3, 4, 6, 7] as const;
  return all[index % all.length] ?? 1;
}

/** Stated confidence against the share that was right, in bins of equal mass. */
export function reliabilityChart(
  judges: readonly { readonly name: string; readonly stated: readonly Stated[] }[],
): Chart {
  const lines = judges.map(({ name, stated }, index) => {
    const bins = reliabilityBins(
      stated.map((row) => row.confidence),
      stated.map((row) => (row.right ? 1 : 0)),
    );
    return { name, series: seriesAt(index), points: bins.map((bin) => ({ x: bin.stated, y: bin.observed })) };
  });
  const lowest = Math.min(0.5, ...lines.flatMap(({ points }) => points.flatMap(({ x, y }) => [x, y])));
  const domain = [Math.floor(lowest * 10) / 10, 1] as const;
  return {
    title: 'Reliability',
    description:
      'How often a label was right at the confidence that was stated; on the diagonal the confidence is true.',
    x: { label: 'stated confidence', domain, format: formatPercent },
    y: { label: 'right', domain, format: formatPercent },
    marks: [
      {
        type: 'line',
        series: 5,
        dashed: true,
        points: [
          { x: domain[0], y: domain[0] },
          { x: 1, y: 1 },
        ],
      },
      ...lines.flatMap(({ name, series, points }) => [
        { type: 'line' as const, name, series, points },
        { type: 'dots' as const, series, points },
      ]),
    ],
  };
}

/** Share of items where both orders name the same slot, judge by judge; null when no single orders are known. */
export function positionChart(profiles: readonly JudgeProfile[]): Chart | null {
  const known = profiles.flatMap(({ name, samePosition, firstOfSame }) =>
    samePosition === null ? [] : [{ name, samePosition, first: firstOfSame?.estimate ?? 0.5 }],
  );
  if (known.length === 0) return null;
  return {
    title: 'Position bias',
    description: 'Items where both orders name the same slot, so that the place decided and not the answers.',
    x: {
      label: 'judge',
      domain: [-0.6, known.length - 0.4],
      format: String,
      categories: known.map(({ name }) => name),
    },
    y: {
      label: 'same slot in both orders',
      domain: domainOf(
        known.map(({ samePosition }) => samePosition.high),
        { low: 0 },
      ),
      format: formatPercent,
    },
    marks: [
      {
        type: 'bars',
        name: 'the first slot',
        series: 1,
        bars: known.map(({ samePosition, first }, x) => ({
          x: x - 0.14,
          y: samePosition.estimate * first,
          width: 0.26,
        })),
      },
      {
        type: 'bars',
        name: 'the second slot',
        series: 2,
        bars: known.map(({ samePosition, first }, x) => ({
          x: x + 0.14,
          y: samePosition.estimate * (1 - first),
          width: 0.26,
        })),
      },
    ],
  };
}
