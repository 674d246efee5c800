/** Mean, variance and covariance of samples; NaN where a sample is too small to have one. */

export function mean(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** The unbiased sample variance (divides by n - 1). */
export function variance(values: readonly number[]): number {
  return covariance(values, values);
}

/** The unbiased sample covariance of two samples of one length. */
export function covariance(first: readonly number[], second: readonly number[]): number {
  requireSameLength(first, second);
  const centreFirst = mean(first);
  const centreSecond = mean(second);
  let sum = 0;
  for (let i = 0; i < first.length; i += 1) {
    sum += ((first[i] ?? Number.NaN) - centreFirst) * ((second[i] ?? Number.NaN) - centreSecond);
  }
  return sum / (first.length - 1);
}

/** Throws a `RangeError` when two columns of one table differ in length. */
export function requireSameLength(first: ArrayLike<unknown>, second: ArrayLike<unknown>): void {
  if (first.length !== second.length) {
    throw new RangeError(`two columns of one table have ${first.length} and ${second.length} rows`);
  }
}
