import type { Interval } from '../../statistics/binomial.ts';
import { shareOf } from '../intervals.ts';
import type { Chart } from '../plot/chart.ts';
import { domainOf } from '../plot/scale.ts';
import { formatPercent } from '../report/format.ts';
import { seriesAt } from '../shared-charts.ts';
import type { JudgeBias } from './bias.ts';
import { type LengthRow, longerOf } from './length.ts';

/** The plots of what could be measured. */
export function biasCharts(judges: readonly JudgeBias[]): Chart[] {
  const charts = [
    whiskers(
      {
        title: 'Position',
        description: 'P(the response shown first), over both orders. On the line the place does not matter.',
        label: 'P(first shown)',
        neutral: 0.5,
      },
      judges.map(({ name, position }) => ({ name, interval: position.first })),
    ),
    lengthChart(judges),
    whiskers(
      {
        title: 'Own and other families',
        description: 'Above the line a judge prefers the family more often than gold labels bear out.',
        label: 'gap',
        neutral: 0,
      },
      judges.flatMap(({ name, families }) =>
        families.map(({ family, gap }) => ({ name: `${name} on ${family}`, interval: gap })),
      ),
    ),
    whiskers(
      {
        title: 'Run to run',
        description: 'Share of items whose label changes when the same is asked again.',
        label: 'label changes',
        neutral: 0,
      },
      judges.map(({ name, repeats }) => ({ name, interval: repeats?.flips ?? null })),
    ),
  ];
  return charts.filter((chart) => chart !== null);
}

interface WhiskerText {
  readonly title: string;
  readonly description: string;
  readonly label: string;
  /** Where nothing is wrong. */
  readonly neutral: number;
}

function whiskers(
  { title, description, label, neutral }: WhiskerText,
  rows: readonly { readonly name: string; readonly interval: Interval | null }[],
): Chart | null {
  const known = rows.flatMap(({ name, interval }) => (interval === null ? [] : [{ name, interval }]));
  if (known.length === 0) return null;
  return {
    title,
    description,
    x: {
      label: '',
      domain: [-0.6, known.length - 0.4],
      format: String,
      categories: known.map(({ name }) => name),
    },
    y: {
      label,
      domain: domainOf([neutral, ...known.flatMap(({ interval: { low, high } }) => [low, high])]),
      format: (value) => value.toFixed(2),
    },
    marks: [
      { type: 'rule', series: 5, at: neutral, along: 'x', dashed: true },
      ...known.flatMap(({ name, interval }, x) => [
        {
          type: 'whiskers' as const,
          series: seriesAt(x),
          intervals: [{ x, low: interval.low, high: interval.high }],
        },
        {
          type: 'dots' as const,
          series: seriesAt(x),
          radius: 5,
          points: [{ x, y: interval.estimate, hint: name }],
        },
      ]),
    ],
  };
}

const BINS = 6;

/** How often the longer response is preferred, by how much longer it is; gold labels beside the judges. */
function lengthChart(judges: readonly JudgeBias[]): Chart | null {
  const lines = judges.flatMap(({ name, lengthRows }, index) =>
    lengthRows.length < BINS
      ? []
      : [{ name, series: seriesAt(index), points: binned(lengthRows, (row) => row.choice) }],
  );
  const [judge] = judges;
  const known = (judge?.lengthRows ?? []).filter(({ gold }) => gold !== null);
  if (lines.length === 0) return null;
  const gold = known.length < BINS ? [] : binned(known, (row) => row.gold);
  return {
    title: 'Length',
    description: 'How often the longer response is preferred, by how often it is twice as long as the other.',
    x: {
      label: 'doublings of length, log2(longer / shorter)',
      domain: domainOf([0, ...lines.flatMap(({ points }) => points.map(({ x }) => x))]),
      format: (value) => value.toFixed(1),
    },
    y: { label: 'the longer is preferred', domain: [0, 1], format: formatPercent },
    marks: [
      ...(gold.length === 0
        ? []
        : [{ type: 'line' as const, name: 'gold labels', series: 5 as const, dashed: true, points: gold }]),
      ...lines.flatMap(({ name, series, points }) => [
        { type: 'line' as const, name, series, points },
        { type: 'dots' as const, series, points },
      ]),
    ],
  };
}

function binned(
  rows: readonly LengthRow[],
  preferred: (row: LengthRow) => string | null,
): { readonly x: number; readonly y: number }[] {
  const rising = rows.toSorted((one, other) => Math.abs(one.doublings) - Math.abs(other.doublings));
  return Array.from({ length: BINS }, (_, bin) => {
    const from = Math.round((bin * rising.length) / BINS);
    const members = rising.slice(from, Math.round(((bin + 1) * rising.length) / BINS));
    const x = members.reduce((sum, { doublings }) => sum + Math.abs(doublings), 0) / members.length;
    return { x, y: shareOf(members, (row) => preferred(row) === longerOf(row)) };
  });
}
