import type { ComparisonTask, JudgedItem, Report, ReportTable } from '../contracts/evaluation.ts';
import { mcnemar, type PairedComparison } from '../statistics/agreement.ts';
import type { Interval } from '../statistics/binomial.ts';
import { mean } from '../statistics/moments.ts';
import { labelOfOpinion } from './answer.ts';
import { comparisonCharts } from './compare-charts.ts';
import type { ComparedItem } from './compared-item.ts';
import { createEstimator, type Estimator, shareOf } from './intervals.ts';
import { type JudgeProfile, profileJudge } from './judge-profile.ts';
import { kappaOf, type LabelPair } from './measures.ts';
import { figureOf } from './report/figures.ts';
import { formatCount, formatInterval, formatMs, formatUsd, NOTHING } from './report/format.ts';
import { card, type PageContent, renderPage } from './report/page.ts';

/**
 * Two judges over the same items: how often the label flips, and what each costs. Made for variants of one
 * model, such as its quantised weights: what is compared is the judges, not who is right.
 */

interface Comparison {
  readonly names: readonly [string, string];
  readonly items: number;
  readonly compared: readonly ComparedItem[];
  readonly profiles: readonly [JudgeProfile, JudgeProfile];
  readonly flipRate: Interval | null;
  readonly agreement: Interval | null;
  readonly kappa: Interval | null;
  readonly meanDifference: Interval | null;
  readonly gold: GoldComparison | null;
}

interface GoldComparison {
  readonly items: number;
  readonly agreement: readonly [Interval | null, Interval | null];
  readonly difference: Interval | null;
  readonly mcnemar: PairedComparison;
}

export function compareJudges(items: readonly JudgedItem[], task: ComparisonTask): Report {
  const comparison = compare(items, task);
  const title = `${task.judges[0]} and ${task.judges[1]}`;
  const tables = [agreementTable(comparison), judgesTable(comparison)];
  const notes = notesOf(comparison);
  const page = {
    title: `Judges compared: ${title}`,
    lead: `${formatCount(comparison.compared.length)} of ${formatCount(items.length)} items of ${task.source} were judged by both.`,
    headline: headlineOf(comparison),
    tables,
    charts: comparisonCharts(comparison.names, comparison.compared),
    notes,
  };
  return { title, tables, notes, figures: figuresOf(comparison), html: renderPage(page) };
}

function compare(items: readonly JudgedItem[], task: ComparisonTask): Comparison {
  const estimate = createEstimator(task);
  const [one, other] = task.judges;
  const compared = items.flatMap((item) => comparedItem(item, task.judges));
  const agreeing = compared.map(({ group, oneLabel, otherLabel }) => ({
    group,
    same: oneLabel === otherLabel,
  }));
  return {
    names: task.judges,
    items: items.length,
    compared,
    profiles: [profileJudge(items, one, estimate), profileJudge(items, other, estimate)],
    flipRate: estimate(agreeing, (rows) => shareOf(rows, (row) => !row.same)),
    agreement: estimate(agreeing, (rows) => shareOf(rows, (row) => row.same)),
    kappa: estimate(labelledByBoth(compared), kappaOf),
    meanDifference: estimate(compared, (rows) => mean(rows.map(differenceOf))),
    gold: compareGold(compared, estimate),
  };
}

function comparedItem(
  { group, opinions, gold }: JudgedItem,
  [oneName, otherName]: readonly [string, string],
): ComparedItem[] {
  const one = opinions.get(oneName);
  const other = opinions.get(otherName);
  if (one === undefined || other === undefined) return [];
  const [oneLabel, otherLabel] = [labelOfOpinion(one) ?? 'none', labelOfOpinion(other) ?? 'none'] as const;
  return [{ group, one, other, oneLabel, otherLabel, gold }];
}

function labelledByBoth(compared: readonly ComparedItem[]): LabelPair[] {
  return compared.flatMap(({ group, oneLabel: label, otherLabel: truth }) =>
    label === 'none' || truth === 'none' ? [] : [{ group, label, truth }],
  );
}

function differenceOf({ one, other }: ComparedItem): number {
  return Math.abs(one.judgment.probabilities.a - other.judgment.probabilities.a);
}

function compareGold(compared: readonly ComparedItem[], estimate: Estimator): GoldComparison | null {
  const rows = compared.flatMap(({ gold, oneLabel, otherLabel, group }) =>
    gold === null ? [] : [{ group, one: oneLabel === gold, other: otherLabel === gold }],
  );
  if (rows.length === 0) return null;
  return {
    items: rows.length,
    agreement: [
      estimate(rows, (some) => shareOf(some, (row) => row.one)),
      estimate(rows, (some) => shareOf(some, (row) => row.other)),
    ],
    difference: estimate(rows, (some) => shareOf(some, (row) => row.other) - shareOf(some, (row) => row.one)),
    mcnemar: mcnemar(
      rows.map((row) => row.one),
      rows.map((row) => row.other),
    ),
  };
}

function agreementTable({
  names,
  flipRate,
  agreement,
  kappa,
  meanDifference,
  gold,
}: Comparison): ReportTable {
  const rows: string[][] = [
    ['flip rate: label changes', formatInterval(flipRate)],
    ['agreement', formatInterval(agreement)],
    ["Cohen's kappa", formatInterval(kappa)],
    ['mean |difference of P(a)|', formatInterval(meanDifference)],
  ];
  if (gold !== null) {
    const { onlyFirst, onlySecond, pValue } = gold.mcnemar;
    rows.push([`${names[1]} − ${names[0]}, agreement with gold`, formatInterval(gold.difference)]);
    rows.push([
      `McNemar: only ${names[0]} right, only ${names[1]} right`,
      `${onlyFirst}, ${onlySecond}; p = ${pValue < 0.001 ? '< 0.001' : pValue.toFixed(3)}`,
    ]);
  }
  return { title: 'Between the two', columns: [{ title: '' }, { title: 'value' }], rows };
}

function judgesTable({ names, profiles, gold, items }: Comparison): ReportTable {
  const row = (title: string, cell: (profile: JudgeProfile, index: 0 | 1) => string): string[] => [
    title,
    cell(profiles[0], 0),
    cell(profiles[1], 1),
  ];
  return {
    title: 'Each by itself',
    columns: [{ title: '' }, { title: names[0] }, { title: names[1] }],
    rows: [
      row('model', ({ identity }) => identity?.model ?? NOTHING),
      row('precision', ({ identity }) => identity?.precision ?? 'not told'),
      row('judged', ({ judged }) => `${formatCount(judged)} of ${formatCount(items)}`),
      row('same label in both orders', ({ swapConsistency }) => formatInterval(swapConsistency)),
      row('same slot in both orders', ({ samePosition }) => formatInterval(samePosition)),
      row('ties', ({ tieRate }) => formatInterval(tieRate)),
      ...(gold === null
        ? []
        : [row('agreement with gold', (_, index) => formatInterval(gold.agreement[index]))]),
      row('cost per label', ({ nanoUsd }) => formatUsd(nanoUsd)),
      row('latency, median and 95 %', ({ latency }) =>
        latency === null ? NOTHING : `${formatMs(latency[0])}, ${formatMs(latency[1])}`,
      ),
      row('tokens per label, in (cached) and out', ({ tokens }) =>
        tokens === null
          ? NOTHING
          : `${formatCount(tokens.input)} (${formatCount(tokens.cached)}), ${formatCount(tokens.output)}`,
      ),
    ],
  };
}

function headlineOf({ flipRate, kappa, profiles, meanDifference }: Comparison): PageContent['headline'] {
  const [one, other] = profiles.map(({ nanoUsd }) => nanoUsd);
  const isPriced = typeof one === 'number' && typeof other === 'number' && one > 0;
  const cost = {
    name: 'cost of the second over the first',
    value: isPriced ? `× ${(other / one).toPrecision(3)}` : NOTHING,
    detail: `${formatUsd(one ?? null)} and ${formatUsd(other ?? null)} per label`,
  };
  return [
    card('flip rate', flipRate),
    card("Cohen's kappa", kappa),
    card('mean |difference of P(a)|', meanDifference),
    ...(isPriced ? [cost] : []),
  ];
}

function notesOf({ items, compared, gold }: Comparison): string[] {
  const missing = items - compared.length;
  const notes = [
    'Labels are those of the probabilities averaged over both orders; a judgment whose orders cancel out counts as a label of its own.',
  ];
  if (missing > 0)
    notes.push(
      `${formatCount(missing)} items lack a judgment of one or both and are left out of what compares them.`,
    );
  if (gold === null) notes.push('No item has a gold label, so nothing is said about who is right.');
  else
    notes.push(`Gold labels: ${formatCount(gold.items)} items. McNemar's test is the exact one, two-sided.`);
  return notes;
}

function figuresOf(comparison: Comparison): Record<string, unknown> {
  const { names, items, compared, profiles, gold } = comparison;
  return {
    items,
    compared: compared.length,
    flip_rate: figureOf(comparison.flipRate),
    agreement: figureOf(comparison.agreement),
    kappa: figureOf(comparison.kappa),
    mean_difference_p_a: figureOf(comparison.meanDifference),
    mcnemar_p: gold?.mcnemar.pValue ?? null,
    judges: profiles.map((profile, index) => ({
      name: names[index],
      model: profile.identity?.model ?? null,
      precision: profile.identity?.precision ?? null,
      judged: profile.judged,
      swap_consistency: figureOf(profile.swapConsistency),
      same_position: figureOf(profile.samePosition),
      tie_rate: figureOf(profile.tieRate),
      gold_agreement: figureOf(gold?.agreement[index] ?? null),
      usd_per_label: profile.nanoUsd === null ? null : profile.nanoUsd / 1e9,
      latency_ms: profile.latency === null ? null : { p50: profile.latency[0], p95: profile.latency[1] },
      tokens_per_label: profile.tokens,
    })),
  };
}
