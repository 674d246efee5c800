import { wilson } from '../statistics/binomial.ts';
import type { ComparedItem } from './compared-item.ts';
import type { Chart } from './plot/chart.ts';
import { domainOf } from './plot/scale.ts';
import { formatPercent } from './report/format.ts';

/** Dots beyond this many would hide each other and make the file large; they are thinned evenly. */
const MOST_DOTS = 2000;
const BINS = 8;

export function comparisonCharts(
  names: readonly [string, string],
  compared: readonly ComparedItem[],
): Chart[] {
  return compared.length === 0 ? [] : [scatter(names, compared), flipsByConfidence(names[0], compared)];
}

function scatter([one, other]: readonly [string, string], compared: readonly ComparedItem[]): Chart {
  const keep = Math.max(1, Math.ceil(compared.length / MOST_DOTS));
  const dots = compared
    .filter((_, index) => index % keep === 0)
    .map((item) => ({
      x: item.one.judgment.probabilities.a,
      y: item.other.judgment.probabilities.a,
      flips: item.oneLabel !== item.otherLabel,
    }));
  return {
    title: 'P(a) of one judge against the other',
    description: 'Each dot is an item. On the diagonal both judges give the same probability.',
    x: { label: `P(a), ${one}`, domain: [0, 1], format: formatPercent },
    y: { label: `P(a), ${other}`, domain: [0, 1], format: formatPercent },
    marks: [
      {
        type: 'line',
        series: 5,
        dashed: true,
        points: [
          { x: 0, y: 0 },
          { x: 1, y: 1 },
        ],
      },
      { type: 'dots', name: 'same label', series: 1, points: dots.filter((dot) => !dot.flips) },
      { type: 'dots', name: 'label flips', series: 2, points: dots.filter((dot) => dot.flips) },
    ],
  };
}

function flipsByConfidence(one: string, compared: readonly ComparedItem[]): Chart {
  const rising = compared.toSorted((x, y) => x.one.judgment.confidence - y.one.judgment.confidence);
  const bins = Array.from({ length: Math.min(BINS, rising.length) }, (_, bin) => {
    const members = rising.slice(
      Math.round((bin * rising.length) / Math.min(BINS, rising.length)),
      Math.round(((bin + 1) * rising.length) / Math.min(BINS, rising.length)),
    );
    const flips = members.filter((item) => item.oneLabel !== item.otherLabel).length;
    const x = members.reduce((sum, item) => sum + item.one.judgment.confidence, 0) / members.length;
    return { x, y: flips / members.length, ...wilson(flips, members.length, 0.95) };
  });
  return {
    title: 'Flip rate by confidence',
    description: `Items in ${bins.length} bins of equal size by the confidence of ${one}; whiskers are 95 % intervals.`,
    x: { label: `confidence, ${one}`, domain: domainOf(bins.map((bin) => bin.x)), format: formatPercent },
    y: {
      label: 'label flips',
      domain: domainOf(
        bins.map((bin) => bin.high),
        { low: 0 },
      ),
      format: formatPercent,
    },
    marks: [
      { type: 'whiskers', series: 1, intervals: bins },
      { type: 'line', series: 1, points: bins },
      { type: 'dots', series: 1, points: bins },
    ],
  };
}
