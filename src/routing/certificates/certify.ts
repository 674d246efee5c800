import type {
  CalibrationItem,
  Certificate,
  Certification,
  CertifiedStage,
  CertifyRequest,
  Estimate,
  Refusal,
  ScoreModel,
} from '../../contracts/certificate.ts';
import { minimumItems } from '../../statistics/binomial.ts';
import { auroc } from '../../statistics/ranking.ts';
import { fitCalibrator } from '../confidence/calibrator.ts';
import { certificateIdOf } from './certificate-id.ts';
import { divide, onePerPrompt } from './division.ts';
import { refusalOf, refuse } from './refusals.ts';
import { curveOf, type ScanPoint, type ScanResult, type ScoredItem, scanThresholds } from './scan.ts';
import { marginOf, modelsOf, scoreItems } from './scored-items.ts';

/**
 * Certificates: turns judged items with reference labels into a threshold that is proven, or into the reason why
 * none is. Items must be a random sample of the stratum's own traffic. It refuses rather than guesses, never looks
 * at an item that trained, and counts each prompt once. Deciding by a certificate is in decision.ts.
 */
export function certify(items: readonly CalibrationItem[], request: CertifyRequest): Certification {
  const refusal = refusalOf(items, request);
  if (refusal) return { ok: false, refusal };
  const setup = prepare(items, request);
  const weakness = tooFew(setup, items.length, request) ?? weakScores(setup, request);
  if (weakness) return { ok: false, refusal: weakness };
  const alpha = 1 - request.target.agreement;
  const scan = scanThresholds(setup.scored, {
    alpha,
    delta: deltaOf(request),
    risk: request.risk ?? 'marginal',
  });
  const { certified } = scan;
  if (certified === null) return { ok: false, refusal: tooRisky(scan, alpha) };
  const coverage = certified.accepted / setup.scored.length;
  const { minimumCoverage = 0 } = request;
  if (coverage < minimumCoverage) {
    const message =
      `only ${percent(coverage)} of the items could be accepted, ` +
      `less than makes the small calls worth while: ${percent(minimumCoverage)}`;
    return { ok: false, refusal: refuse('too_little_accepted', message) };
  }
  return { ok: true, certificate: assemble(setup, request, scan, certified) };
}

interface Setup {
  readonly models: readonly ScoreModel[];
  readonly certifying: readonly CalibrationItem[];
  readonly scored: readonly ScoredItem[];
  readonly trainedOn: number;
  readonly setAside: number;
}

/** The failure probability that one certificate may use: its part of 1 - confidence (union bound). */
function deltaOf({ target, sharedBy = 1 }: CertifyRequest): number {
  return (1 - target.confidence) / sharedBy;
}

function prepare(items: readonly CalibrationItem[], request: CertifyRequest): Setup {
  const { stages, seed, training: plan = { kind: 'none' }, unit = 'prompt', prior } = request;
  const parts = divide(items, plan, seed).map(({ training, certifying }) => {
    const counted = unit === 'prompt' ? onePerPrompt(certifying, seed) : certifying;
    const models = modelsOf(stages, training, prior);
    return { training, certifying, counted, models, scored: scoreItems(counted, stages, models) };
  });
  const certifying = parts.flatMap((part) => part.counted);
  const models = plan.kind === 'cross_fit' ? modelsOf(stages, items, prior) : (parts[0]?.models ?? []);
  return {
    models,
    certifying,
    scored: parts.flatMap((part) => part.scored),
    trainedOn: plan.kind === 'cross_fit' ? items.length : (parts[0]?.training.length ?? 0),
    setAside: parts.reduce((sum, part) => sum + part.certifying.length - part.counted.length, 0),
  };
}

function tooFew(setup: Setup, given: number, request: CertifyRequest): Refusal | null {
  const counted = setup.scored.length;
  const minimum = minimumItems(1 - request.target.agreement, deltaOf(request));
  if (counted >= minimum) return null;
  const needed = Math.max(given + minimum - counted, Math.ceil((given * minimum) / Math.max(1, counted)));
  const message =
    `${given} items leave ${counted} to certify with; without a single error ${minimum} are the fewest that can ` +
    `show ${percent(request.target.agreement)}, so about ${needed} are needed`;
  return refuse('too_few_items', message, { needed });
}

/** A lower bound of the AUROC from which a score is worth asking for: a coin has .5, and little above it saves nothing. */
const LEAST_AUROC = 0.55;

/** A stage whose score does not tell right from wrong has no business accepting anything. */
function weakScores({ scored }: Setup, { stages }: CertifyRequest): Refusal | null {
  for (const [index, { tier }] of stages.entries()) {
    const levels = scored.map((item) => item.levels[index] ?? -Infinity).filter(Number.isFinite);
    if (new Set(levels).size <= 1) {
      const message = `the scores of ${tier} do not vary (${levels.length} of ${scored.length} items have one)`;
      return refuse('constant_scores', message);
    }
    const ranking = rankingOf(scored, index);
    if (ranking !== null && ranking.low <= LEAST_AUROC) {
      const { value, low } = ranking;
      const message =
        `the scores of ${tier} do not tell right from wrong: AUROC ${value.toFixed(2)}, ` +
        `lower bound ${low.toFixed(2)}, more than ${LEAST_AUROC.toFixed(2)} is needed`;
      return refuse('uninformative_scores', message);
    }
  }
  return null;
}

/** AUROC of one stage's score for its own agreement; null when all are right or all are wrong. */
function rankingOf(scored: readonly ScoredItem[], index: number): Estimate | null {
  const rows = scored.filter((item) => Number.isFinite(item.levels[index]));
  const right = rows.map((item) => item.wrong[index] === false);
  if (!right.includes(true) || !right.includes(false)) return null;
  const { estimate, low, high } = auroc(
    rows.map((item) => item.levels[index] ?? 0),
    right,
    0.9,
  );
  return { value: estimate, low, high };
}

function tooRisky({ points }: ScanResult, alpha: number): Refusal {
  const [first] = points;
  const seen =
    first === undefined
      ? ''
      : ` (${first.errors} errors among the ${first.accepted} surest: ${percent(first.bound)})`;
  return refuse('risk_too_high', `no threshold is proven to keep the risk at ${percent(alpha)}${seen}`);
}

function assemble(
  setup: Setup,
  request: CertifyRequest,
  scan: ScanResult,
  certified: ScanPoint,
): Certificate {
  const content: Omit<Certificate, 'id'> = {
    formatVersion: 1,
    scope: request.scope,
    target: request.target,
    risk: request.risk ?? 'marginal',
    delta: deltaOf(request),
    stages: request.stages.map((stage, index) => certifiedStage(stage, index, setup, request)),
    threshold: certified.threshold,
    evidence: {
      items: setup.scored.length,
      setAside: setup.setAside,
      trainedOn: setup.trainedOn,
      training: request.training?.kind ?? 'none',
      accepted: certified.accepted,
      errors: certified.errors,
      bound: certified.bound,
      seed: request.seed,
      curve: curveOf(scan.points, setup.scored.length),
    },
    createdAt: request.createdAt,
  };
  return { id: certificateIdOf(content), ...content };
}

function certifiedStage(
  stage: CertifyRequest['stages'][number],
  index: number,
  { models, scored }: Setup,
  { stages }: CertifyRequest,
): CertifiedStage {
  const margin = marginOf(stages, index);
  const rows = scored.filter((item) => Number.isFinite(item.levels[index]));
  return {
    tier: stage.tier,
    judge: stage.judge,
    // `modelsOf` makes one for each stage.
    model: models[index] as ScoreModel,
    margin,
    calibrator: fitCalibrator(
      rows.map((item) => (item.levels[index] ?? 0) + margin),
      rows.map((item) => item.wrong[index] === false),
    ),
    auroc: rankingOf(scored, index),
  };
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
