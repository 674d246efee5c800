import type { Certificate } from '../contracts/certificate.ts';
import type { CalibrationTask, JudgedItem, Report, ReportTable } from '../contracts/evaluation.ts';
import { sigmoid } from '../statistics/logistic.ts';
import type { CalibrationOutcome } from './calibration-outcome.ts';
import { calibrationCharts } from './calibration-charts.ts';
import { createEstimator } from './intervals.ts';
import { meanOf, profileJudge } from './judge-profile.ts';
import { formatCount, formatFigure, formatInterval, NOTHING } from './report/format.ts';
import { type PageContent, renderPage } from './report/page.ts';

/** The report of a certificate: what was proven, on what, and what it saves. */
export function reportCalibration(items: readonly JudgedItem[], outcome: CalibrationOutcome): Report {
  const { task, certificate } = outcome;
  const cost = relativeCost(items, outcome);
  const profiles = task.small.map((name) => profileJudge(items, name, createEstimator(task)));
  const title = `Certificate ${certificate.id}`;
  const tables = [proofTable(items, certificate, cost), stageTable(certificate)];
  const notes = notesOf(certificate, cost);
  const page = {
    title,
    lead: `At least ${percent(certificate.target.agreement)} of the labels released here are those of ${referenceName(task)}, with ${percent(certificate.target.confidence)} confidence. From ${formatCount(items.length)} items of ${task.source}.`,
    headline: headlineOf(certificate, cost),
    tables,
    charts: calibrationCharts(items, outcome, profiles),
    notes,
  };
  return { title, tables, notes, figures: figuresOf(certificate, cost), html: renderPage(page) };
}

function referenceName({ reference }: CalibrationTask): string {
  return reference.type === 'gold' ? 'people (gold labels)' : reference.name;
}

function coverageOf({ evidence: { accepted, items } }: Certificate): number {
  return accepted / items;
}

/** Mean cost of an item over that of asking the reference; null where prices are not known. */
function relativeCost(
  items: readonly JudgedItem[],
  { task, certificate, ends }: CalibrationOutcome,
): number | null {
  const prices = certificate.stages.map(({ tier }) => {
    const judgment = task.costRatio ?? priceRatio(items, tier, task);
    const steps = certificate.stages.filter((stage) => stage.tier === tier).length;
    return judgment === null ? null : judgment / steps;
  });
  if (prices.some((price) => price === null) || ends.length === 0) return null;
  const total = ends.reduce((sum, { stage, asked }) => {
    const paid = prices.slice(0, asked).reduce<number>((part, price) => part + (price ?? 0), 0);
    return sum + paid + (stage === null ? 1 : 0);
  }, 0);
  return total / ends.length;
}

function priceRatio(
  items: readonly JudgedItem[],
  judge: string,
  { reference }: CalibrationTask,
): number | null {
  if (reference.type === 'gold') return null;
  const mean = (name: string): number | null =>
    meanOf(
      items.flatMap(({ opinions }) => (opinions.has(name) ? [opinions.get(name)?.nanoUsd ?? null] : [])),
    );
  const [small, large] = [mean(judge), mean(reference.name)];
  return small === null || large === null || large === 0 ? null : small / large;
}

function proofTable(
  items: readonly JudgedItem[],
  certificate: Certificate,
  cost: number | null,
): ReportTable {
  const { evidence, threshold, target, risk } = certificate;
  return {
    title: 'What was proven',
    columns: [{ title: '' }, { title: 'value', align: 'right' }],
    rows: [
      ['items read', formatCount(items.length)],
      ['trained the score', formatCount(evidence.trainedOn)],
      ['set aside, as their prompt counted already', formatCount(evidence.setAside)],
      ['certified on', formatCount(evidence.items)],
      ['threshold on P(agree)', formatFigure(sigmoid(threshold))],
      [`${risk} risk aimed at, at most`, formatFigure(1 - target.agreement)],
      ['its upper bound', formatFigure(evidence.bound)],
      ['errors among the accepted', `${formatCount(evidence.errors)} of ${formatCount(evidence.accepted)}`],
      ['coverage: released without the reference', formatFigure(coverageOf(certificate))],
      ['expected cost, always the reference = 1', formatFigure(cost)],
    ],
  };
}

function stageTable({ stages }: Certificate): ReportTable {
  return {
    title: 'Stages',
    columns: [
      { title: 'judge' },
      { title: 'orders' },
      { title: 'precision' },
      { title: 'judge key' },
      { title: 'AUROC [90 %]' },
    ],
    rows: stages.map(({ tier, judge, auroc }) => [
      tier,
      judge.parts.orders,
      judge.parts.precision ?? NOTHING,
      judge.id,
      auroc === null ? NOTHING : formatInterval({ estimate: auroc.value, low: auroc.low, high: auroc.high }),
    ]),
  };
}

function headlineOf(certificate: Certificate, cost: number | null): PageContent['headline'] {
  const { evidence, threshold, target } = certificate;
  return [
    {
      name: 'risk, upper bound',
      value: formatFigure(evidence.bound),
      detail: `aimed at ${formatFigure(1 - target.agreement)}`,
    },
    {
      name: 'coverage',
      value: formatFigure(coverageOf(certificate)),
      detail: 'released without the reference',
    },
    {
      name: 'threshold on P(agree)',
      value: formatFigure(sigmoid(threshold)),
      detail: `${evidence.errors} errors of ${evidence.items} items`,
    },
    { name: 'expected cost', value: formatFigure(cost), detail: 'always the reference = 1' },
  ];
}

function notesOf({ evidence, risk }: Certificate, cost: number | null): string[] {
  const notes = [
    'It holds for items drawn as these were: the same source of answers, the same judges down to weights, precision, prompt and engine build.',
    risk === 'marginal'
      ? 'Marginal risk: wrong labels that a small judge released, over all labels.'
      : 'Selective risk: wrong labels among those that a small judge released.',
  ];
  if (evidence.trainedOn === 0)
    notes.push('The score has built-in weights; --train spends a share of the items on fitting it.');
  if (cost === null)
    notes.push('Costs are not known; --cost-ratio tells the price of a small judgment over the reference.');
  return notes;
}

function figuresOf(certificate: Certificate, cost: number | null): Record<string, unknown> {
  const { id, evidence, threshold, target, stages } = certificate;
  return {
    certificate: id,
    agreement: target.agreement,
    confidence: target.confidence,
    certified_on: evidence.items,
    trained_on: evidence.trainedOn,
    set_aside: evidence.setAside,
    threshold: sigmoid(threshold),
    bound: evidence.bound,
    errors: evidence.errors,
    coverage: coverageOf(certificate),
    relative_cost: cost,
    stages: stages.map(({ tier, judge, auroc }) => ({
      tier,
      orders: judge.parts.orders,
      judge: judge.id,
      auroc,
    })),
  };
}

function percent(share: number): string {
  return `${Number((100 * share).toFixed(2))} %`;
}
