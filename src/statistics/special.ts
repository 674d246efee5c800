/**
 * The room `statistics`: the mathematics behind certificates, calibration, evaluation and drift watch. It owns
 * estimators and tests as pure functions and small state objects; it knows nothing of items, engines or files, opens
 * nothing, and takes its chance from a seed. This file holds the special functions that the others stand on.
 */

/** Coefficients of Lanczos' series with g = 7 and nine terms (Godfrey); relative error below 1e-14 for x >= 0.5. */
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
] as const;

/** ln Gamma(x) for x > 0. */
export function logGamma(x: number): number {
  if (!(x > 0)) throw new RangeError(`logGamma needs x > 0, not ${x}`);
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const shifted = x - 1;
  const t = shifted + 7.5;
  let sum: number = LANCZOS[0];
  for (let term = 1; term < LANCZOS.length; term += 1) sum += (LANCZOS[term] ?? 0) / (shifted + term);
  return 0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(t) - t + Math.log(sum);
}

/** ln B(a, b) for a, b > 0. */
function logBeta(a: number, b: number): number {
  return logGamma(a) + logGamma(b) - logGamma(a + b);
}

/** The regularised incomplete beta function I_x(a, b): P(X <= x) for X ~ Beta(a, b). a, b > 0; x in [0, 1]. */
export function betaCdf(x: number, a: number, b: number): number {
  requireShapes(a, b);
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) - logBeta(a, b));
  // The fraction converges fast only on its own side of the mean; the other side is its mirror image.
  return x < (a + 1) / (a + b + 2)
    ? (front * betaFraction(x, a, b)) / a
    : 1 - (front * betaFraction(1 - x, b, a)) / b;
}

/** The x with `betaCdf(x, a, b)` = p. a, b > 0; p in [0, 1]. Newton's steps, kept inside a shrinking bracket. */
export function betaQuantile(p: number, a: number, b: number): number {
  requireShapes(a, b);
  if (!(p >= 0 && p <= 1)) throw new RangeError(`a probability is in [0, 1], not ${p}`);
  if (p === 0 || p === 1) return p;
  const constant = logBeta(a, b);
  let low = 0;
  let high = 1;
  let x = a / (a + b);
  for (let step = 0; step < 200; step += 1) {
    const excess = betaCdf(x, a, b) - p;
    if (excess === 0) return x;
    if (excess > 0) high = x;
    else low = x;
    const density = Math.exp((a - 1) * Math.log(x) + (b - 1) * Math.log1p(-x) - constant);
    const newton = x - excess / density;
    const next = newton > low && newton < high ? newton : (low + high) / 2;
    if (Math.abs(next - x) <= 1e-15 + 4e-16 * next || next === x) return next;
    x = next;
  }
  return x;
}

/** The standard normal distribution function, exact to about 1e-15 (through the incomplete gamma function). */
export function normalCdf(z: number): number {
  if (z === 0) return 0.5;
  const tail = 0.5 * upperGammaHalf((z * z) / 2);
  return z > 0 ? 1 - tail : tail;
}

/**
 * The standard normal quantile, p in (0, 1): Abramowitz and Stegun 26.2.23 as a start (error 4.5e-4), then Halley's
 * steps on `normalCdf`.
 */
export function normalQuantile(p: number): number {
  if (!(p > 0 && p < 1)) throw new RangeError(`a quantile needs a probability inside (0, 1), not ${p}`);
  if (p > 0.5) return -normalQuantile(1 - p);
  const t = Math.sqrt(-2 * Math.log(p));
  let z =
    (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308))) - t;
  for (let step = 0; step < 3; step += 1) {
    const error = ((normalCdf(z) - p) * Math.sqrt(2 * Math.PI)) / Math.exp((-z * z) / 2);
    z -= error / (1 + (z * error) / 2);
  }
  return z;
}

/** The z with P(|Z| <= z) = `level`, such as 1.96 for 0.95. */
export function twoSidedZ(level: number): number {
  return normalQuantile((1 + level) / 2);
}

/** The t with P(|T| <= t) = `level` for Student's T with `freedom` > 0 degrees of freedom, through its beta form. */
export function twoSidedT(level: number, freedom: number): number {
  const tail = betaQuantile(1 - level, freedom / 2, 0.5);
  return Math.sqrt((freedom * (1 - tail)) / tail);
}

/** Lentz's evaluation of the continued fraction of I_x(a, b) (Numerical Recipes 6.4). */
function betaFraction(x: number, a: number, b: number): number {
  let c = 1;
  let d = 1 / awayFromZero(1 - ((a + b) * x) / (a + 1));
  let value = d;
  // The number of terms grows with sqrt(max(a, b)); 10,000 is enough for shapes up to about 1e7.
  for (let m = 1; m <= 10_000; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / awayFromZero(1 + even * d);
    c = awayFromZero(1 + even / c);
    value *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / awayFromZero(1 + odd * d);
    c = awayFromZero(1 + odd / c);
    const factor = d * c;
    value *= factor;
    if (Math.abs(factor - 1) < 2e-16) return value;
  }
  return value;
}

/** Q(1/2, x), the upper regularised incomplete gamma function: a series below 1.5, Lentz's fraction above. */
function upperGammaHalf(x: number): number {
  const front = Math.exp(-x) * Math.sqrt(x / Math.PI);
  if (x < 1.5) {
    let term = 2;
    let sum = term;
    for (let n = 1; term > sum * 1e-17; n += 1) {
      term *= x / (0.5 + n);
      sum += term;
    }
    return 1 - front * sum;
  }
  let b = x + 0.5;
  let c = 1e300;
  let d = 1 / b;
  let value = d;
  for (let n = 1; n <= 500; n += 1) {
    const numerator = -n * (n - 0.5);
    b += 2;
    d = 1 / awayFromZero(numerator * d + b);
    c = awayFromZero(b + numerator / c);
    value *= d * c;
    if (Math.abs(d * c - 1) < 2e-16) break;
  }
  return front * value;
}

function awayFromZero(value: number): number {
  return Math.abs(value) < 1e-300 ? 1e-300 : value;
}

function requireShapes(a: number, b: number): void {
  if (!(a > 0 && b > 0)) throw new RangeError(`a beta distribution needs shapes above 0, not ${a} and ${b}`);
}
