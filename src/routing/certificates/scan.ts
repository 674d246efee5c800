import type { CurvePoint, RiskKind } from '../../contracts/certificate.ts';
import { binomialUpperBound, createBinomialBounds, minimumItems } from '../../statistics/binomial.ts';

/**
 * The proof: one threshold for a whole chain, by fixed-sequence testing (Angelopoulos et al. 2021, Learn then
 * Test). The hypotheses "risk at t > alpha" are tested for every real t from high to low, each at level delta,
 * until the first one that can not be rejected. Counts change only at scores, so a visit to each distinct
 * score, ties as one, visits every t. Why it holds for risks that are not monotone: decision 0006.
 */
export interface ScoredItem {
  /** For each stage its score less its margin; -Infinity where it gave no label. */
  readonly levels: readonly number[];
  /** For each stage whether its label differs from the reference's. */
  readonly wrong: readonly boolean[];
}

export interface ScanOptions {
  readonly alpha: number;
  readonly delta: number;
  readonly risk: RiskKind;
}

export interface ScanPoint {
  readonly threshold: number;
  readonly accepted: number;
  readonly errors: number;
  readonly bound: number;
}

export interface ScanResult {
  /** The lowest threshold that is proven; null when not even the highest is. */
  readonly certified: ScanPoint | null;
  /** Every distinct threshold, highest first, also beyond where the proof stopped. */
  readonly points: readonly ScanPoint[];
}

/** Fewer accepted items say nothing about the risk among them (Jung et al. 2024). */
const SELECTIVE_MINIMUM = 30;

export function scanThresholds(items: readonly ScoredItem[], options: ScanOptions): ScanResult {
  const points = countDown(items, options);
  // Where the test starts follows from the scores alone: with fewer accepted, no count of errors could pass.
  const fewest = Math.max(SELECTIVE_MINIMUM, minimumItems(options.alpha, options.delta));
  let certified: ScanPoint | null = null;
  for (const point of points) {
    if (options.risk === 'selective' && point.accepted < fewest) continue;
    if (point.bound > options.alpha) break;
    certified = point;
  }
  return { certified, points };
}

/** Counts accepted and wrong items at each distinct threshold; an item belongs to its first stage that accepts. */
function countDown(items: readonly ScoredItem[], { delta, risk }: ScanOptions): ScanPoint[] {
  const bounds = createBinomialBounds(items.length, delta);
  const events = items.flatMap(({ levels }, item) =>
    levels.flatMap((level, stage) => (Number.isFinite(level) ? [{ level, stage, item }] : [])),
  );
  events.sort((one, other) => other.level - one.level);
  const acceptedAt = new Int32Array(items.length).fill(-1);
  const points: ScanPoint[] = [];
  let accepted = 0;
  let errors = 0;
  events.forEach(({ level, stage, item }, i) => {
    const wrong = items[item]?.wrong ?? [];
    const before = acceptedAt[item] ?? -1;
    if (before === -1 || stage < before) {
      if (before === -1) accepted += 1;
      else errors -= wrong[before] === true ? 1 : 0;
      errors += wrong[stage] === true ? 1 : 0;
      acceptedAt[item] = stage;
    }
    // Equal scores are accepted together or not at all.
    if (events[i + 1]?.level === level) return;
    const bound = risk === 'marginal' ? bounds.upper(errors) : binomialUpperBound(errors, accepted, delta);
    points.push({ threshold: level, accepted, errors, bound });
  });
  return points;
}

/** At most `most` points, evenly thinned, the last one kept. */
export function curveOf(points: readonly ScanPoint[], items: number, most = 200): CurvePoint[] {
  const step = Math.max(1, Math.ceil(points.length / most));
  return points
    .filter((_, i) => (points.length - 1 - i) % step === 0)
    .map(({ threshold, accepted, errors, bound }) => ({
      threshold,
      coverage: accepted / items,
      errors,
      bound,
    }));
}
