import { riskCoverage } from '../statistics/selective.ts';
import type { Evaluation } from './evaluation.ts';
import { statedOf } from './measures.ts';
import type { Chart } from './plot/chart.ts';
import { domainOf } from './plot/scale.ts';
import { formatPercent } from './report/format.ts';
import { positionChart, reliabilityChart, seriesAt } from './shared-charts.ts';

export function evaluationCharts(evaluation: Evaluation): Chart[] {
  const charts = [
    frontier(evaluation),
    riskChart(evaluation),
    reliability(evaluation),
    positionChart(evaluation.profiles),
  ];
  return charts.filter((chart) => chart !== null);
}

/** Where every way of labelling stands between cost and agreement, and what the confidence makes possible. */
function frontier({ rows, routing, task }: Evaluation): Chart {
  const ratio = rows[1]?.relativeCost ?? null;
  const curve = (routing.reference?.curve ?? []).map(({ strongShare, quality }) => ({
    x: (ratio ?? 0) + strongShare,
    y: quality,
  }));
  const points = rows.flatMap(({ name, relativeCost, agreement }) =>
    relativeCost === null || agreement === null ? [] : [{ name, x: relativeCost, agreement }],
  );
  const against = task.reference.type === 'gold' ? 'gold labels' : task.reference.name;
  return {
    title: 'Cost against agreement',
    description: `Up and to the left is better. The line asks the last tier from the least sure item on. Whiskers are 95 % intervals.`,
    x: {
      label: 'cost, always large = 1',
      domain: domainOf([0, 1, ...curve.map(({ x }) => x)], { low: 0 }),
      format: (value) => value.toFixed(1),
    },
    y: {
      label: `agreement with ${against}`,
      domain: domainOf([
        ...curve.map(({ y }) => y),
        ...points.flatMap(({ agreement }) => [agreement.low, agreement.high]),
      ]),
      format: formatPercent,
    },
    marks: [
      { type: 'line', name: 'by confidence', series: 5, points: curve },
      ...points.flatMap(({ name, x, agreement }, index) => [
        { type: 'whiskers' as const, series: seriesAt(index), intervals: [{ x, ...agreement }] },
        {
          type: 'dots' as const,
          name,
          series: seriesAt(index),
          radius: 5,
          points: [{ x, y: agreement.estimate, hint: name }],
        },
      ]),
    ],
  };
}

function riskChart({ labellings: { small }, task }: Evaluation): Chart | null {
  const stated = statedOf(small.answers);
  if (stated.length === 0) return null;
  const curve = riskCoverage(
    stated.map((row) => row.confidence),
    stated.map((row) => (row.right ? 0 : 1)),
  );
  return {
    title: `Risk against coverage of ${task.tiers[0] ?? ''}`,
    description:
      'Releasing its labels from the surest on: the share that is wrong among all items and among those released.',
    x: { label: 'share released', domain: [0, 1], format: formatPercent },
    y: {
      label: 'wrong',
      domain: domainOf(
        curve.slice(Math.floor(curve.length / 20)).map((point) => point.selectiveRisk),
        { low: 0 },
      ),
      format: formatPercent,
    },
    marks: [
      {
        type: 'line',
        name: 'selective risk',
        series: 2,
        points: curve
          .slice(Math.floor(curve.length / 20))
          .map((point) => ({ x: point.coverage, y: point.selectiveRisk })),
      },
      {
        type: 'line',
        name: 'marginal risk',
        series: 1,
        points: curve.map((point) => ({ x: point.coverage, y: point.marginalRisk })),
      },
    ],
  };
}

function reliability({ labellings: { judges }, task }: Evaluation): Chart {
  const isReference = task.reference.type === 'judge' && task.reference.name === task.tiers.at(-1);
  const shown = isReference && judges.length > 1 ? judges.slice(0, -1) : judges;
  return reliabilityChart(shown.map(({ name, answers }) => ({ name, stated: statedOf(answers) })));
}
