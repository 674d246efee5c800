import type { CalibrationTask, JudgedItem } from '../contracts/evaluation.ts';
import { sigmoid } from '../statistics/logistic.ts';
import { labelOfOpinion, referenceOf } from './answer.ts';
import type { CalibrationOutcome } from './calibration-outcome.ts';
import type { JudgeProfile } from './judge-profile.ts';
import type { Stated } from './measures.ts';
import type { Chart } from './plot/chart.ts';
import { domainOf } from './plot/scale.ts';
import { formatFigure, formatPercent } from './report/format.ts';
import { positionChart, reliabilityChart } from './shared-charts.ts';

export function calibrationCharts(
  items: readonly JudgedItem[],
  outcome: CalibrationOutcome,
  profiles: readonly JudgeProfile[],
): Chart[] {
  const { task } = outcome;
  const judges = task.small.map((name) => ({ name, stated: statedBy(items, name, task) }));
  const charts = [
    riskChart(outcome),
    coverageChart(outcome),
    frontier(outcome),
    reliabilityChart(judges),
    positionChart(profiles),
  ];
  return charts.filter((chart) => chart !== null);
}

function statedBy(items: readonly JudgedItem[], judge: string, { reference }: CalibrationTask): Stated[] {
  return items.flatMap((item) => {
    const opinion = item.opinions.get(judge);
    const [label, truth] = [labelOfOpinion(opinion), referenceOf(item, reference)];
    if (opinion === undefined || label === null || truth === null) return [];
    return [{ group: item.group, confidence: opinion.judgment.confidence, right: label === truth }];
  });
}

function riskChart({ certificate: { evidence, target, threshold } }: CalibrationOutcome): Chart {
  const points = evidence.curve.map((point) => ({
    x: sigmoid(point.threshold),
    risk: point.errors / evidence.items,
    bound: point.bound,
  }));
  const alpha = 1 - target.agreement;
  return {
    title: 'Risk against threshold',
    description: `Accepting at a lower P(agree) risks more. The threshold is the lowest at which the bound stays under ${formatFigure(alpha)}.`,
    x: {
      label: 'threshold on P(agree)',
      domain: domainOf(
        points.map(({ x }) => x),
        { high: 1 },
      ),
      format: formatPercent,
    },
    y: {
      label: 'risk',
      domain: domainOf(
        points.map(({ bound }) => bound),
        { low: 0 },
      ),
      format: formatPercent,
    },
    marks: [
      {
        type: 'band',
        series: 1,
        intervals: points.map(({ x, risk, bound }) => ({ x, low: risk, high: bound })),
      },
      {
        type: 'line',
        name: 'seen on the items',
        series: 1,
        points: points.map(({ x, risk }) => ({ x, y: risk })),
      },
      {
        type: 'line',
        name: 'upper bound',
        series: 2,
        points: points.map(({ x, bound }) => ({ x, y: bound })),
      },
      { type: 'rule', name: 'aimed at', series: 5, along: 'x', at: alpha, dashed: true },
      { type: 'rule', name: 'threshold', series: 3, along: 'y', at: sigmoid(threshold) },
    ],
  };
}

function coverageChart({ certificate: { evidence, threshold } }: CalibrationOutcome): Chart {
  const points = evidence.curve.map((point) => ({ x: sigmoid(point.threshold), y: point.coverage }));
  return {
    title: 'Coverage against threshold',
    description: 'The share of the items that some small judge may release at that P(agree).',
    x: {
      label: 'threshold on P(agree)',
      domain: domainOf(
        points.map(({ x }) => x),
        { high: 1 },
      ),
      format: formatPercent,
    },
    y: { label: 'coverage', domain: [0, 1], format: formatPercent },
    marks: [
      { type: 'line', name: 'coverage', series: 1, points },
      { type: 'rule', name: 'threshold', series: 3, along: 'y', at: sigmoid(threshold) },
    ],
  };
}

/** Every threshold as a point of what is left to the reference against agreement. */
function frontier({ certificate: { evidence, target } }: CalibrationOutcome): Chart {
  const points = evidence.curve.map(({ coverage, errors }) => ({
    x: 1 - coverage,
    y: 1 - errors / evidence.items,
  }));
  const chosen = { x: 1 - evidence.accepted / evidence.items, y: 1 - evidence.errors / evidence.items };
  return {
    title: 'Cost against agreement',
    description:
      'The share of items that still goes to the reference, which is most of the cost, against agreement with it.',
    x: { label: 'asked of the reference', domain: [0, 1], format: formatPercent },
    y: {
      label: 'agreement',
      domain: domainOf([...points.map(({ y }) => y), target.agreement], { high: 1 }),
      format: formatPercent,
    },
    marks: [
      { type: 'line', name: 'every threshold', series: 1, points },
      { type: 'rule', name: 'aimed at', series: 5, along: 'x', at: target.agreement, dashed: true },
      { type: 'dots', name: 'certified', series: 3, radius: 6, points: [chosen] },
    ],
  };
}
