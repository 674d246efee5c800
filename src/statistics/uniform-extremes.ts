/** A number that is known to lie evenly between two ends; equal ends stand for a number that is known. */
export interface Bounds {
  readonly low: number;
  readonly high: number;
}

/**
 * Probability of each of some independent uniform numbers to be the highest; they sum to 1. Equal known numbers
 * leave it to the first of them. Between two neighbouring ends every distribution function is a straight line, so
 * that the integral of density x product of the others' functions is one of a polynomial, of a degree below the
 * number of numbers: Gauss and Legendre's rule with half as many nodes is exact. Costs some n^3 / 2 steps.
 */
export function highestProbabilities(numbers: readonly Bounds[]): number[] {
  // Copies: each counts by itself, though the caller may name one twice.
  const own = numbers.map((one) => ({ ...one }));
  const open = own.filter(isOpen);
  const known = own.map((one) => (isOpen(one) ? Number.NEGATIVE_INFINITY : (one.low + one.high) / 2));
  const bar = Math.max(...known);
  const shares = new Map(open.map((one) => [one, 0]));
  const rule = legendreRule(Math.ceil(numbers.length / 2));
  // What is below the highest of the lower ends is never the highest.
  const floor = Math.max(bar, ...open.map(({ low }) => low));
  const ends = [floor, ...open.map(({ high }) => high).filter((high) => high > floor)].toSorted(ascending);
  for (const [i, end] of ends.slice(1).entries()) {
    const start = ends[i] ?? end;
    for (const { node, weight } of rule) {
      addShares(shares, start + (end - start) * node, (end - start) * weight);
    }
  }
  const first = known.indexOf(bar);
  const ofKnown = product(open.map((one) => below(one, bar)));
  return own.map((one, i) => shares.get(one) ?? (i === first ? ofKnown : 0));
}

/** Probability of each to be the lowest; equal known numbers leave it to the last of them. */
export function lowestProbabilities(numbers: readonly Bounds[]): number[] {
  const turned = numbers.map(({ low, high }) => ({ low: -high, high: -low })).toReversed();
  return highestProbabilities(turned).toReversed();
}

/** Adds to each what a slice of the given width around `at` holds: its density there, all others below. */
function addShares(shares: Map<Bounds, number>, at: number, width: number): void {
  const all = product([...shares.keys()].map((one) => below(one, at)));
  for (const [one, share] of shares) {
    if (at <= one.low || at >= one.high) continue;
    // Density 1 / (high - low), and P(others <= at) = all / P(this one <= at).
    shares.set(one, share + (width * all) / (at - one.low));
  }
}

/** Closer ends than this, against their size, are one: the nodes between them could not be told apart. */
const CLOSEST = 1e-9;

function isOpen({ low, high }: Bounds): boolean {
  return high - low > Math.max(1e-100, CLOSEST * Math.max(Math.abs(low), Math.abs(high)));
}

function ascending(one: number, other: number): number {
  return one - other;
}

/** P(number <= at). */
function below({ low, high }: Bounds, at: number): number {
  return Math.min(1, Math.max(0, (at - low) / (high - low)));
}

function product(values: readonly number[]): number {
  return values.reduce((all, value) => all * value, 1);
}

interface Node {
  readonly node: number;
  readonly weight: number;
}

/** Gauss and Legendre's rule on [0, 1]: exact for polynomials of a degree below 2 x `size`. */
function legendreRule(size: number): Node[] {
  return Array.from({ length: size }, (_, i) => {
    let x = Math.cos((Math.PI * (i + 0.75)) / (size + 0.5));
    let slope = 1;
    // Newton's method from this start is at the last digit after five steps.
    for (let step = 0; step < 8; step += 1) {
      const [value, before] = legendre(size, x);
      slope = (size * (x * value - before)) / (x * x - 1);
      x -= value / slope;
    }
    return { node: (1 + x) / 2, weight: 1 / ((1 - x * x) * slope * slope) };
  });
}

/** Legendre's polynomials of degree `size` and of the one below, at x. */
function legendre(size: number, x: number): readonly [number, number] {
  let [before, value] = [1, x];
  for (let degree = 2; degree <= size; degree += 1) {
    [before, value] = [value, ((2 * degree - 1) * x * value - (degree - 1) * before) / degree];
  }
  return [value, before];
}
