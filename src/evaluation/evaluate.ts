import type { EvaluationTask, JudgedItem, Reference, Report } from '../contracts/evaluation.ts';
import { type Interval, wilson } from '../statistics/binomial.ts';
import { poweredMean, shareInterval } from '../statistics/prediction-powered.ts';
import { type Answer, type Labelling, referenceOf } from './answer.ts';
import { evaluationCharts } from './evaluate-charts.ts';
import { evaluationFigures } from './evaluate-figures.ts';
import { evaluationTables } from './evaluate-tables.ts';
import type { Evaluation, LabellerRow, Served } from './evaluation.ts';
import { createEstimator, type Estimator, shareOf } from './intervals.ts';
import { latencyOf, profileJudge } from './judge-profile.ts';
import { labellingsOf } from './labellings.ts';
import { agreementOf, confidenceQuality, kappaOf, pairsOf, statedOf } from './measures.ts';
import { formatCount, formatFigure, formatUsd } from './report/format.ts';
import { card, type PageContent, renderPage } from './report/page.ts';
import { routingQuality } from './routing-measures.ts';
import { similarReport } from './similar-report.ts';

/**
 * A policy against a reference judge or gold labels: how often its labels are right, what they cost, and what
 * simpler ways of labelling would have given on the same items.
 */
export function evaluatePolicy(items: readonly JudgedItem[], task: EvaluationTask): Report {
  const evaluation = evaluate(items, task);
  const similar = task.similar === undefined ? null : similarReport(task.similar);
  const tables = [...evaluationTables(evaluation), ...(similar === null ? [] : [similar.table])];
  const figures = evaluationFigures(evaluation);
  const notes = notesOf(evaluation);
  const title = `Policy ${task.policy} against ${referenceName(task.reference)}`;
  const page = {
    title,
    lead: `${formatCount(items.length)} items of ${task.source}; tiers ${task.tiers.join(', ')}.`,
    headline: headlineOf(evaluation),
    tables,
    charts: [...evaluationCharts(evaluation), ...(similar?.charts ?? [])],
    notes,
  };
  return {
    title,
    tables,
    notes,
    figures: similar === null ? figures : { ...figures, semantic_cache: similar.figures },
    html: renderPage(page),
  };
}

function evaluate(items: readonly JudgedItem[], task: EvaluationTask): Evaluation {
  const estimate = createEstimator(task);
  const labellings = labellingsOf(items, task);
  const { policy, judges, small, large, baselines } = labellings;
  const hasMoney = items.some((item) => item.verdict !== null && item.verdict.nanoUsd !== null);
  const row = (labelling: Labelling): LabellerRow => labellerRow(labelling, { large, hasMoney, estimate });
  const isGold = task.reference.type === 'gold';
  return {
    task,
    items,
    labellings,
    rows: [policy, ...judges, ...baselines].map(row),
    served: servedOf(items, policy.answers, task, estimate),
    policyConfidence: confidenceQuality(statedOf(policy.answers), estimate),
    confidence: task.tiers.map((name, index) => ({
      name,
      quality: confidenceQuality(statedOf(judges[index]?.answers ?? []), estimate),
    })),
    profiles: task.tiers.map((name) =>
      profileJudge(items, name, estimate, (item) => referenceOf(item, task.reference)),
    ),
    routing: {
      reference: routingQuality(small, large, 'reference', estimate),
      gold: isGold ? null : routingQuality(small, large, 'gold', estimate),
    },
    powered: poweredGold(policy.answers, large.answers),
  };
}

interface RowContext {
  /** The last tier alone: what it costs is the unit of relative costs. */
  readonly large: Labelling;
  readonly hasMoney: boolean;
  readonly estimate: Estimator;
}

function labellerRow({ name, answers }: Labelling, { large, hasMoney, estimate }: RowContext): LabellerRow {
  const costs = knownCosts(answers);
  const labels = answers.filter((answer) => answer.label !== null).length;
  const pairs = pairsOf(answers, 'reference');
  return {
    name,
    coverage: estimate(answers, (rows) => shareOf(rows, (answer) => answer.label !== null)),
    agreement: estimate(pairs, agreementOf),
    kappa: estimate(pairs, kappaOf),
    gold: estimate(pairsOf(answers, 'gold'), agreementOf),
    nanoUsdPerLabel: hasMoney && labels > 0 ? costs.reduce((sum, cost) => sum + cost, 0) / labels : null,
    relativeCost: relativeCost(answers, large.answers),
  };
}

/** Over the items whose cost is known on both sides; null where there is none. */
function relativeCost(answers: readonly Answer[], large: readonly Answer[]): number | null {
  let own = 0;
  let whole = 0;
  answers.forEach(({ cost }, index) => {
    const unit = large[index]?.cost ?? null;
    if (cost === null || unit === null) return;
    own += cost;
    whole += unit;
  });
  return whole > 0 ? own / whole : null;
}

function knownCosts(answers: readonly Answer[]): number[] {
  return answers.map((answer) => answer.cost).filter((cost) => cost !== null);
}

function servedOf(
  items: readonly JudgedItem[],
  answers: readonly Answer[],
  task: EvaluationTask,
  estimate: Estimator,
): Served {
  const rows = answers.map((answer, index) => {
    const verdict = items[index]?.verdict ?? null;
    const bySmall = answer.label !== null && verdict?.tier === task.tiers[0] && task.tiers.length > 1;
    return {
      ...answer,
      verdict,
      bySmall,
      wrong: bySmall && answer.reference !== null && answer.label !== answer.reference,
    };
  });
  const judgedBySmall = rows.filter((row) => row.bySmall && row.reference !== null);
  const certified = rows.filter(
    (row) => row.label !== null && typeof row.verdict?.certificate === 'string',
  ).length;
  const money = knownCosts(rows).reduce((sum, cost) => sum + cost, 0);
  const hasMoney = rows.some((row) => typeof row.verdict?.nanoUsd === 'number');
  return {
    smallShare: estimate(rows, (some) => shareOf(some, (row) => row.bySmall)),
    abstained: estimate(rows, (some) => shareOf(some, (row) => row.verdict?.outcome === 'abstained')),
    failed: rows.filter((row) => row.label === null && row.verdict?.outcome !== 'abstained').length,
    marginalRisk: estimate(
      rows.filter((row) => row.reference !== null),
      (some) => shareOf(some, (row) => row.wrong),
    ),
    selectiveRisk: estimate(judgedBySmall, (some) => shareOf(some, (row) => row.wrong)),
    certified,
    nanoUsdPerCertified: hasMoney && certified > 0 ? money / certified : null,
    tiers: task.tiers.map((tier) => {
      const ofTier = rows.filter((row) => row.label !== null && row.verdict?.tier === tier);
      return {
        tier,
        labels: ofTier.length,
        latency: latencyOf(ofTier.map((row) => row.verdict?.ms ?? null)),
      };
    }),
  };
}

/**
 * Agreement of the policy with people when only some items have a gold label: the large judge's opinion of
 * every item makes the interval narrower (PPI++). Null when all items have one, or fewer than ten.
 */
function poweredGold(policy: readonly Answer[], large: readonly Answer[]): Evaluation['powered'] {
  const rows = policy.flatMap(({ label, gold }, index) => {
    const proxy = large[index]?.label ?? null;
    return label === null || proxy === null
      ? []
      : [{ gold, truth: label === gold ? 1 : 0, proxy: label === proxy ? 1 : 0 }];
  });
  const known = rows.filter((row) => row.gold !== null);
  const others = rows.filter((row) => row.gold === null);
  if (known.length < 10 || others.length === 0) return null;
  const truth = known.map((row) => row.truth);
  const proxy = known.map((row) => row.proxy);
  const right = truth.reduce((sum, value) => sum + value, 0);
  const mean = poweredMean({ truth, proxy, unlabelledProxy: others.map((row) => row.proxy) });
  // Labels that are all alike have no variance to see: only their count speaks.
  const interval: Interval =
    right === 0 || right === truth.length
      ? wilson(right, truth.length, 0.95)
      : shareInterval(mean, truth.length, 0.95);
  return { interval, labelled: known.length, others: others.length };
}

function referenceName(reference: Reference): string {
  return reference.type === 'gold' ? 'gold labels' : reference.name;
}

function headlineOf({ rows, served, confidence, task }: Evaluation): PageContent['headline'] {
  const [policy] = rows;
  const small = task.tiers[0] ?? '';
  return [
    card(`agreement with ${referenceName(task.reference)}`, policy?.agreement ?? null),
    card(`share served by ${small}`, served.smallShare),
    {
      name: 'cost, always large = 1',
      value: formatFigure(policy?.relativeCost ?? null),
      detail:
        typeof policy?.nanoUsdPerLabel === 'number' ? `${formatUsd(policy.nanoUsdPerLabel)} per label` : '',
    },
    card(`AUROC of the confidence of ${small}`, confidence[0]?.quality.auroc ?? null),
  ];
}

function notesOf({ task, items, powered, rows }: Evaluation): string[] {
  const notes = [
    'Agreement counts items that have a label and a reference label. A tie agrees with a tie only.',
    'Risk is of the first tier: marginal over all items, selective over the items that it served.',
    'Random routing sends as many items to the first tier as the policy did, chosen by a coin.',
  ];
  if (task.reference.type === 'judge' && task.reference.name === task.tiers.at(-1)) {
    notes.push('The reference is the last tier itself, so always asking it agrees by definition.');
  }
  if (items.every((item) => item.item === null)) {
    notes.push(
      'The file holds no texts: lengths are not known, and every row counts as a prompt of its own.',
    );
  }
  if (rows[0]?.relativeCost === null)
    notes.push('Costs are not known; --cost-ratio tells the price of the first tier over that of the last.');
  if (powered !== null) {
    notes.push(
      `Gold labels of ${formatCount(powered.labelled)} items and the last tier's opinion of ${formatCount(powered.others)} more give the powered estimate (PPI++).`,
    );
  }
  return notes;
}
