import type { JudgedItem, PromptBenchTask, Report, ReportTable } from '../contracts/evaluation.ts';
import { mcnemar } from '../statistics/agreement.ts';
import type { Interval } from '../statistics/binomial.ts';
import { labelOfOpinion } from './answer.ts';
import { createEstimator, type Estimator, type Grouped, shareOf } from './intervals.ts';
import { type JudgeProfile, profileJudge } from './judge-profile.ts';
import type { Chart } from './plot/chart.ts';
import { domainOf } from './plot/scale.ts';
import { figureOf } from './report/figures.ts';
import { formatCount, formatInterval, formatUsd, NOTHING } from './report/format.ts';
import { card, renderPage } from './report/page.ts';
import { seriesAt } from './shared-charts.ts';

/** Prompt templates in the mouth of one judge: what each agrees with gold, and what its labels take. */

interface Benched {
  readonly template: string;
  readonly profile: JudgeProfile;
  readonly agreement: Interval | null;
  /** Its agreement less the first template's, over items that both judged; null for the first. */
  readonly difference: Interval | null;
  /** Exact McNemar test against the first; null for the first. */
  readonly pValue: number | null;
}

/** Opinions are by the template's name; items without a gold label count for nothing but tokens. */
export function benchPrompts(items: readonly JudgedItem[], task: PromptBenchTask): Report {
  const estimate = createEstimator(task);
  const [first = ''] = task.templates;
  const benched = task.templates.map((template) => bench(items, { template, first }, estimate));
  const title = `Prompts of ${task.judge}`;
  const tables = [benchTable(benched)];
  const gold = items.filter((item) => item.gold !== null).length;
  const notes = [
    `Gold labels: ${formatCount(gold)} items. Differences are paired: over the items that both templates judged.`,
    'Several templates are compared with the first; the best of many looks better than it is.',
  ];
  const page = {
    title,
    lead: `${formatCount(items.length)} items of ${task.source}, judged by ${task.judge} with each template.`,
    headline: benched.map(({ template, agreement }) => card(template, agreement)),
    tables,
    charts: chartsOf(benched),
    notes,
  };
  return { title, tables, notes, figures: figuresOf(items.length, gold, benched), html: renderPage(page) };
}

interface Row extends Grouped {
  readonly own: boolean;
  readonly other: boolean | null;
}

function bench(
  items: readonly JudgedItem[],
  { template, first }: { readonly template: string; readonly first: string },
  estimate: Estimator,
): Benched {
  const rows = items.flatMap(({ group, gold, opinions }): Row[] => {
    const [own, other] = [opinions.get(template), opinions.get(first)];
    if (gold === null || own === undefined) return [];
    const isRight = (opinion: typeof own): boolean => labelOfOpinion(opinion) === gold;
    return [{ group, own: isRight(own), other: other === undefined ? null : isRight(other) }];
  });
  const paired = rows.filter(({ other }) => other !== null);
  const isFirst = template === first;
  return {
    template,
    profile: profileJudge(items, template, estimate),
    agreement: estimate(rows, (some) => shareOf(some, ({ own }) => own)),
    difference: isFirst
      ? null
      : estimate(
          paired,
          (some) => shareOf(some, ({ own }) => own) - shareOf(some, ({ other }) => other === true),
        ),
    pValue:
      isFirst || paired.length === 0
        ? null
        : mcnemar(
            paired.map(({ other }) => other === true),
            paired.map(({ own }) => own),
          ).pValue,
  };
}

function benchTable(benched: readonly Benched[]): ReportTable {
  const row = (title: string, cell: (one: Benched) => string): string[] => [title, ...benched.map(cell)];
  return {
    title: 'Templates',
    columns: [{ title: '' }, ...benched.map(({ template }) => ({ title: template }))],
    rows: [
      row('judged', ({ profile }) => formatCount(profile.judged)),
      row('agreement with gold', ({ agreement }) => formatInterval(agreement)),
      row('  less the first', ({ difference }) => formatInterval(difference)),
      row('  McNemar p', ({ pValue }) => (pValue === null ? NOTHING : pValue.toFixed(3))),
      row('same label in both orders', ({ profile }) => formatInterval(profile.swapConsistency)),
      row('tokens per label, in (cached)', ({ profile: { tokens } }) =>
        tokens === null ? NOTHING : `${formatCount(tokens.input)} (${formatCount(tokens.cached)})`,
      ),
      row('tokens per label, out', ({ profile: { tokens } }) =>
        tokens === null ? NOTHING : tokens.output.toFixed(1),
      ),
      row('cost per label', ({ profile }) => formatUsd(profile.nanoUsd)),
    ],
  };
}

/** Agreement over what a label takes; empty where tokens are not known. */
function chartsOf(benched: readonly Benched[]): Chart[] {
  const points = benched.flatMap(({ template, agreement, profile: { tokens } }) =>
    agreement === null || tokens === null
      ? []
      : [{ template, agreement, x: tokens.input - tokens.cached + tokens.output }],
  );
  if (points.length === 0) return [];
  return [
    {
      title: 'Agreement against tokens',
      description:
        'Up and to the left is better. Tokens that the engine had to compute for a label: in, not cached, and out.',
      x: {
        label: 'tokens per label, not cached',
        domain: domainOf(
          points.map(({ x }) => x),
          { low: 0 },
        ),
        format: (value) => formatCount(value),
      },
      y: {
        label: 'agreement with gold',
        domain: domainOf(points.flatMap(({ agreement: { low, high } }) => [low, high])),
        format: (value) => value.toFixed(2),
      },
      marks: points.flatMap(({ template, agreement: { estimate, low, high }, x }, index) => [
        { type: 'whiskers' as const, series: seriesAt(index), intervals: [{ x, low, high }] },
        {
          type: 'dots' as const,
          name: template,
          series: seriesAt(index),
          radius: 5,
          points: [{ x, y: estimate }],
        },
      ]),
    },
  ];
}

function figuresOf(items: number, gold: number, benched: readonly Benched[]): Record<string, unknown> {
  return {
    items,
    gold,
    templates: benched.map(({ template, profile, agreement, difference, pValue }) => ({
      template,
      judged: profile.judged,
      agreement: figureOf(agreement),
      difference: figureOf(difference),
      mcnemar_p: pValue,
      swap_consistency: figureOf(profile.swapConsistency),
      tokens_per_label: profile.tokens,
      usd_per_label: profile.nanoUsd === null ? null : profile.nanoUsd / 1e9,
    })),
  };
}
