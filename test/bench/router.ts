import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { TrainingPlan } from '../../src/contracts/certificate.ts';
import { consistentVote, itemsOf, type RecordedItem, readRecords, stagesOf } from './router-data.ts';
import { baselineLine, baselinesOf, difficultyLine } from './router-baselines.ts';
import { type Draw, drawCertificates, humanDifference, rankItems } from './router-draws.ts';
import { renderRouterReport } from './router-report.ts';

/** `npm run bench:router`: what the router saves on recorded judgments, and whether its promise holds. */
const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    small: { type: 'string' },
    reference: { type: 'string', default: 'human' },
    stratum: { type: 'string', default: '' },
    alpha: { type: 'string', default: '0.05' },
    delta: { type: 'string', default: '0.1' },
    calibration: { type: 'string', default: '250' },
    train: { type: 'string', default: '0' },
    prior: { type: 'string', default: 'usual' },
    folds: { type: 'string', default: '0' },
    risk: { type: 'string', default: 'marginal' },
    'cost-ratio': { type: 'string', default: '0.05' },
    resamples: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    report: { type: 'string' },
  },
});
if (values.data === undefined || values.small === undefined) {
  throw new Error('usage: bench:router -- --data FILE --small NAME[,NAME…] [--reference NAME|human] …');
}
const number = (
  name: 'alpha' | 'delta' | 'calibration' | 'cost-ratio' | 'resamples' | 'seed' | 'train' | 'folds',
) => {
  const value = Number(values[name]);
  if (!Number.isFinite(value) || value < 0) throw new Error(`--${name} ${values[name]} is no number >= 0`);
  return value;
};

const records = readRecords(values.data).filter((row) => (row.stratum ?? '').startsWith(values.stratum));
const stages = stagesOf(values.small.split(','));
const items = itemsOf(records, stages, values.reference);
if (items.length === 0) throw new Error(`no item has a label of ${values.reference}`);
const alpha = number('alpha');
const calibration = number('calibration');
const costRatio = number('cost-ratio');
const request = {
  scope: {
    team: 'bench',
    policy: 'bench',
    task: 'preference',
    stratum: 'recorded',
    reference: values.reference === 'human' ? 'human' : (stagesOf([values.reference])[0]?.judge ?? 'human'),
  },
  stages,
  target: { agreement: 1 - alpha, confidence: 1 - number('delta') },
  risk: values.risk === 'selective' ? 'selective' : 'marginal',
  training: trainingPlan(),
  prior: values.prior === 'plain' ? 'plain' : 'usual',
  minimumCoverage: costRatio,
} as const;
const draws = drawCertificates(items, {
  calibration,
  resamples: number('resamples'),
  seed: number('seed'),
  costRatio,
  request,
});
const ranking = rankItems(items, request, number('seed'));
const figures = {
  bench: 'router',
  items: items.length,
  resamples: draws.length,
  agreement_success_share: mean(draws.map((draw) => (draw.agreement >= 1 - alpha - 1e-12 ? 1 : 0))),
  mean_agreement: mean(draws.map((draw) => draw.agreement)),
  relative_cost: mean(draws.map((draw) => draw.cost)),
  coverage_small: mean(draws.map((draw) => draw.coverage)),
  ...ranking,
};
const humanOf = new Map(records.map((row) => [row.id, row.human]));
const human = humanDifference(items, draws, humanOf, number('seed'));
const baselines = baselinesOf(records, items, { costRatio, seed: number('seed'), draws });
const naive = naiveFigures(records, values.small.split(',')[0] ?? '', values.reference);
const report = values.report ?? join(tmpdir(), 'assay-bench-router.html');
writeFileSync(
  report,
  renderRouterReport({ figures, draws, alpha, costRatio, naive, human, baselines, options: values }),
);
print(draws);
for (const row of baselines) console.log(baselineLine(row));
console.log(difficultyLine(records, items, number('seed')));
console.log(JSON.stringify(figures));

function trainingPlan(): TrainingPlan {
  const train = number('train');
  const folds = number('folds');
  if (folds >= 2) return { kind: 'cross_fit', folds };
  return train > 0 ? { kind: 'split', share: train / calibration } : { kind: 'none' };
}

function mean(all: readonly number[]): number {
  return Number((all.reduce((sum, value) => sum + value, 0) / all.length).toFixed(6));
}

/** Accept what the small judge says in both orders, defer the rest: what people do without a certificate. */
function naiveFigures(rows: readonly RecordedItem[], judge: string, reference: string) {
  const known = itemsOf(rows, [], reference);
  const labels = new Map(known.map((item) => [item.id, item.reference]));
  const accepted = rows.flatMap((row) => {
    const vote = consistentVote(row, judge);
    const truth = labels.get(row.id);
    return vote === null || truth === undefined ? [] : [vote === truth];
  });
  if (accepted.length === 0) return null;
  const wrong = accepted.filter((right) => !right).length;
  return { coverage: accepted.length / known.length, agreement: 1 - wrong / known.length };
}

function print(all: readonly Draw[]): void {
  const certified = all.filter((draw) => draw.certificate !== null).length;
  console.log(`${certified} of ${all.length} draws certified; report: ${report}`);
  const points = [human.estimate, human.low, human.high].map((value) => (100 * value).toFixed(1));
  console.log(
    `human agreement against always ${values.reference}: ${points[0]} points [${points[1]}, ${points[2]}]`,
  );
  if (naive !== null) {
    console.log(
      `naive swap-consistency: accepts ${naive.coverage.toFixed(3)}, agreement ${naive.agreement.toFixed(3)}`,
    );
  }
}
