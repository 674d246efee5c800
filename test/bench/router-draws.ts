import type {
  CalibrationItem,
  Certificate,
  CertifyRequest,
  ScoreModel,
  TrainingPlan,
} from '../../src/contracts/certificate.ts';
import type { Label } from '../../src/domain/verdict.ts';
import { divide } from '../../src/routing/certificates/division.ts';
import { replay } from '../../src/routing/certificates/replay.ts';
import { certifyChain, withStagesOf } from '../../src/routing/certificates/shorter-chains.ts';
import { modelsOf, scoreItems } from '../../src/routing/certificates/scored-items.ts';
import { type BootstrapInterval, bootstrapInterval } from '../../src/statistics/bootstrap.ts';
import { createSeededRandom, sampleWithReplacement } from '../../src/statistics/random.ts';
import { auroc } from '../../src/statistics/ranking.ts';
import { averageGapRecovered, callShareFor, routingCurve } from '../../src/statistics/selective.ts';

export interface Draw {
  readonly certificate: Certificate | null;
  /** Over the whole set, which is the population that the draws come from. */
  readonly agreement: number;
  readonly coverage: number;
  /** In units of one reference call. */
  readonly cost: number;
  /** What was released, item by item. */
  readonly labels: readonly Label[];
}

export interface DrawOptions {
  readonly calibration: number;
  readonly resamples: number;
  readonly seed: number;
  /** Cost of one small stage against the reference's. */
  readonly costRatio: number;
  readonly request: Omit<CertifyRequest, 'seed' | 'createdAt' | 'unit'>;
}

/**
 * Calibration sets drawn with replacement from all items, each certified and then replayed over all items. Copies
 * of an item are independent draws for the bound, but share a prompt, so they never train and certify at once.
 */
export function drawCertificates(items: readonly CalibrationItem[], options: DrawOptions): Draw[] {
  const random = createSeededRandom(options.seed);
  return Array.from({ length: options.resamples }, (_, number) => {
    const drawn = sampleWithReplacement(items, options.calibration, random).map((item, i) => ({
      ...item,
      id: `${item.id}#${i}`,
    }));
    const seed = options.seed * 1_000_003 + number;
    const result = certifyChain(drawn, { ...options.request, unit: 'item', seed, createdAt: 0 });
    const certificate = result.ok ? result.certificate : null;
    const seen = certificate === null ? items : withStagesOf(certificate, items, options.request.stages);
    return drawOf(certificate, seen, options.costRatio);
  });
}

function drawOf(certificate: Certificate | null, items: readonly CalibrationItem[], costRatio: number): Draw {
  const replayed = replay(certificate, items);
  const mean = (value: (row: (typeof replayed)[number]) => number): number =>
    replayed.reduce((sum, row) => sum + value(row), 0) / replayed.length;
  return {
    certificate,
    labels: replayed.map((row) => row.label),
    agreement: mean((row) => (row.agrees ? 1 : 0)),
    coverage: mean((row) => (row.stage === null ? 0 : 1)),
    cost: mean((row) => row.asked * costRatio + (row.stage === null ? 1 : 0)),
  };
}

export interface RankingFigures {
  readonly apgr: number;
  readonly cpt80: number | null;
  readonly auroc: number;
}

/**
 * How the last stage's score ranks, over all items. Trained models are never asked about items that trained them:
 * five folds by prompt.
 */
export function rankItems(
  items: readonly CalibrationItem[],
  request: DrawOptions['request'],
  seed: number,
): RankingFigures {
  const { stages, training, prior } = request;
  const plan: TrainingPlan =
    training === undefined || training.kind === 'none' ? { kind: 'none' } : { kind: 'cross_fit', folds: 5 };
  const scored = divide(items, plan, seed).flatMap((part) => {
    const models: readonly ScoreModel[] = modelsOf(stages, part.training, prior);
    return scoreItems(part.certifying, stages, models);
  });
  const last = stages.length - 1;
  const scores = scored.map((item) => Math.max(-1e9, item.levels[last] ?? -1e9));
  const right = scored.map((item) => Number.isFinite(item.levels[last]) && item.wrong[last] === false);
  const curve = routingCurve(
    scores.map((score, i) => ({ need: -score, weak: right[i] === true ? 1 : 0, strong: 1 })),
  );
  return {
    apgr: averageGapRecovered(curve),
    cpt80: callShareFor(curve, 0.8) ?? null,
    auroc: auroc(scores, right).estimate,
  };
}

/**
 * Human agreement of the cascade less that of always asking the reference, with its 95 % interval over prompts:
 * for each item the mean over all draws. Both sides are compared on the same items.
 */
export function humanDifference(
  items: readonly CalibrationItem[],
  draws: readonly Draw[],
  humanOf: ReadonlyMap<string, Label>,
  seed: number,
): BootstrapInterval {
  const rows = items.map((item, i) => {
    const human = humanOf.get(item.id);
    const hits = draws.filter((draw) => draw.labels[i] === human).length;
    return { prompt: item.prompt, gain: hits / draws.length - (item.reference === human ? 1 : 0) };
  });
  return bootstrapInterval(
    [...Map.groupBy(rows, (row) => row.prompt).values()],
    (all) => all.reduce((sum, row) => sum + row.gain, 0) / all.length,
    { seed },
  );
}
