import { requireSameLength } from './moments.ts';

/** Measures of routing between a weak and a strong model, and of releasing only what is sure enough. */

/** One item with the quality of both models' answers (any scale, such as 1 for right) and where it would be sent. */
export interface RoutedItem {
  /** Higher goes to the strong model earlier. */
  readonly need: number;
  readonly weak: number;
  readonly strong: number;
}

export interface RoutingPoint {
  /** Share of items sent to the strong model, in [0, 1]. */
  readonly strongShare: number;
  /** Mean quality of all items at that share. */
  readonly quality: number;
  /** Performance gap recovered: 0 all weak, 1 all strong, possibly beyond. NaN when both are equally good. */
  readonly recovered: number;
}

/** (quality - weak) / (strong - weak): PGR of RouteLLM (Ong et al. 2024, arXiv 2406.18665, section 3). */
export function gapRecovered(quality: number, weak: number, strong: number): number {
  return strong === weak ? Number.NaN : (quality - weak) / (strong - weak);
}

/**
 * Quality at every share of strong calls, from 0 to 1. Items with equal need go together, so that a router without an
 * opinion is a straight line and not the order of the file. Needs at least one item.
 */
export function routingCurve(items: readonly RoutedItem[]): RoutingPoint[] {
  if (items.length === 0) throw new RangeError('a routing curve needs at least one item');
  const n = items.length;
  const order = items.toSorted((left, right) => right.need - left.need);
  const weak = items.reduce((sum, item) => sum + item.weak, 0) / n;
  const strong = items.reduce((sum, item) => sum + item.strong, 0) / n;
  const pointAt = (share: number, quality: number): RoutingPoint => ({
    strongShare: share,
    quality,
    recovered: gapRecovered(quality, weak, strong),
  });
  const curve = [pointAt(0, weak)];
  let gained = 0;
  order.forEach((item, i) => {
    gained += item.strong - item.weak;
    if (order[i + 1]?.need !== item.need) curve.push(pointAt((i + 1) / n, weak + gained / n));
  });
  return curve;
}

/** APGR: the area under the recovered gap over strong shares 0..1, by trapezoids. A random router has .5. */
export function averageGapRecovered(curve: readonly RoutingPoint[]): number {
  let area = 0;
  for (const [left, right] of neighbours(curve)) {
    area += ((right.strongShare - left.strongShare) * (left.recovered + right.recovered)) / 2;
  }
  return area;
}

/** CPT(x): the least share of strong calls that recovers `recovered` of the gap, such as 0.8; undefined if none does. */
export function callShareFor(curve: readonly RoutingPoint[], recovered: number): number | undefined {
  const first = curve[0];
  if (first !== undefined && first.recovered >= recovered) return first.strongShare;
  for (const [left, right] of neighbours(curve)) {
    if (right.recovered >= recovered) {
      const part = (recovered - left.recovered) / (right.recovered - left.recovered);
      return left.strongShare + part * (right.strongShare - left.strongShare);
    }
  }
  return undefined;
}

export interface RiskCoveragePoint {
  /** Everything at or above this confidence is released. */
  readonly threshold: number;
  /** Share released, in (0, 1]. */
  readonly coverage: number;
  /** Mean loss among what is released. */
  readonly selectiveRisk: number;
  /** Summed loss of what is released over all items. */
  readonly marginalRisk: number;
}

/** One point for each distinct confidence, from the surest down. Losses are 0 or more, 1 for an error. */
export function riskCoverage(confidences: readonly number[], losses: readonly number[]): RiskCoveragePoint[] {
  const rows = bySureness(confidences, losses);
  const curve: RiskCoveragePoint[] = [];
  let total = 0;
  rows.forEach(({ confidence, loss }, i) => {
    total += loss;
    if (rows[i + 1]?.confidence === confidence) return;
    curve.push({
      threshold: confidence,
      coverage: (i + 1) / rows.length,
      selectiveRisk: total / (i + 1),
      marginalRisk: total / rows.length,
    });
  });
  return curve;
}

/**
 * AURC: the mean selective risk over coverages 1/n .. 1 (Geifman and El-Yaniv 2017); lower is better. Among equal
 * confidences every row carries their mean loss, so that the order of the file does not count. NaN without rows.
 */
export function areaUnderRiskCoverage(confidences: readonly number[], losses: readonly number[]): number {
  let released = 0;
  let total = 0;
  let area = 0;
  for (const { coverage, marginalRisk } of riskCoverage(confidences, losses)) {
    const count = Math.round(coverage * confidences.length);
    const step = (marginalRisk * confidences.length - total) / (count - released);
    for (; released < count; total += step) {
      released += 1;
      area += (total + step) / released;
    }
  }
  return area / confidences.length;
}

function bySureness(
  confidences: readonly number[],
  losses: readonly number[],
): { confidence: number; loss: number }[] {
  requireSameLength(confidences, losses);
  return confidences
    .map((confidence, i) => ({ confidence, loss: losses[i] ?? Number.NaN }))
    .toSorted((left, right) => right.confidence - left.confidence);
}

function* neighbours<T>(values: readonly T[]): Generator<[T, T]> {
  let last: T | undefined;
  for (const value of values) {
    if (last !== undefined) yield [last, value];
    last = value;
  }
}
