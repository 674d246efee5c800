import type { Chart } from '../../src/evaluation/plot/chart.ts';
import { renderPage } from '../../src/evaluation/report/page.ts';
import type { Interval } from '../../src/statistics/binomial.ts';
import type { Baseline } from './router-baselines.ts';
import type { Draw } from './router-draws.ts';

/** What one run of `bench:router` found. */
export interface RouterRun {
  readonly figures: Readonly<Record<string, string | number | null>>;
  readonly draws: readonly Draw[];
  readonly alpha: number;
  readonly costRatio: number;
  readonly naive: { readonly coverage: number; readonly agreement: number } | null;
  /** Human agreement less that of always asking the reference. */
  readonly human: Interval;
  readonly baselines: readonly Baseline[];
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
}

const share = (value: number): string => value.toFixed(2);

/** One page: the figures, how often the promise was kept, and risk against threshold of the first certificate. */
export function renderRouterReport({
  figures,
  draws,
  alpha,
  costRatio,
  naive,
  human,
  baselines,
  options,
}: RouterRun): string {
  return renderPage({
    title: 'Router bench',
    lead: `${String(options['small'])} before ${String(options['reference'])}, cost ratio ${costRatio}.`,
    headline: [
      { name: 'relative cost', value: String(figures['relative_cost']), detail: 'always the reference: 1' },
      {
        name: 'promise kept',
        value: String(figures['agreement_success_share']),
        detail: `share of draws with agreement of at least ${1 - alpha}`,
      },
    ],
    tables: [
      {
        title: 'Human agreement against always asking the reference',
        columns: [{ title: 'figure' }, { title: 'value', align: 'right' }],
        rows: [
          ['difference', human.estimate.toFixed(4)],
          ['interval', `[${human.low.toFixed(4)}, ${human.high.toFixed(4)}]`],
        ],
      },
      {
        title: 'Beside simpler ways of labelling',
        columns: [
          { title: '' },
          { title: 'agrees with the reference', align: 'right' },
          { title: 'agrees with people', align: 'right' },
          { title: 'cost', align: 'right' },
        ],
        rows: baselines.map(({ name, reference, human: people, cost }) => [
          name,
          reference.toFixed(3),
          people.toFixed(3),
          cost.toFixed(3),
        ]),
      },
      {
        title: 'Figures',
        columns: [{ title: 'figure' }, { title: 'value', align: 'right' }],
        rows: Object.entries(figures).map(([name, value]) => [name, String(value)]),
      },
      {
        title: 'Beside it: accept what the small judge says alike in both orders',
        columns: [{ title: 'figure' }, { title: 'value', align: 'right' }],
        rows:
          naive === null
            ? [['orders were not recorded apart', '–']]
            : [
                ['accepted', naive.coverage.toFixed(3)],
                ['agreement', naive.agreement.toFixed(3)],
              ],
      },
    ],
    charts: [agreementAgainstCost(draws, alpha), ...riskAgainstThreshold(draws, alpha)],
    notes: [
      'Every draw is certified anew and replayed over the whole set, which is the population it was drawn from.',
    ],
  });
}

function agreementAgainstCost(draws: readonly Draw[], alpha: number): Chart {
  const agreements = draws.map((draw) => draw.agreement);
  return {
    title: 'Agreement against cost',
    description: 'One dot for each calibration draw; the line is the promise.',
    x: { label: 'relative cost', domain: [0, 1.05], format: share },
    y: { label: 'agreement', domain: [Math.min(1 - 2 * alpha, ...agreements), 1], format: share },
    marks: [
      {
        type: 'dots',
        series: 1,
        name: 'draw',
        points: draws.map(({ cost, agreement }) => ({ x: cost, y: agreement })),
        radius: 2,
      },
      {
        type: 'line',
        series: 2,
        name: 'promise',
        dashed: true,
        points: [
          { x: 0, y: 1 - alpha },
          { x: 1.05, y: 1 - alpha },
        ],
      },
    ],
  };
}

function riskAgainstThreshold(draws: readonly Draw[], alpha: number): Chart[] {
  const certificate = draws.find((draw) => draw.certificate !== null)?.certificate ?? null;
  if (certificate === null) return [];
  const { curve, items } = certificate.evidence;
  const line = (value: (point: (typeof curve)[number]) => number) =>
    curve.map((point) => ({ x: point.coverage, y: value(point) }));
  return [
    {
      title: 'Risk against accepted share, first certificate',
      description: 'The proof walks from left to right and stops where the bound crosses the promise.',
      x: { label: 'accepted share', domain: [0, 1], format: share },
      y: {
        label: 'risk',
        domain: [0, Math.max(2 * alpha, ...curve.map((point) => point.bound))],
        format: share,
      },
      marks: [
        { type: 'line', series: 1, name: 'bound', step: true, points: line((point) => point.bound) },
        { type: 'line', series: 3, name: 'seen', step: true, points: line((point) => point.errors / items) },
        {
          type: 'line',
          series: 2,
          name: 'promise',
          dashed: true,
          points: [
            { x: 0, y: alpha },
            { x: 1, y: alpha },
          ],
        },
      ],
    },
  ];
}
