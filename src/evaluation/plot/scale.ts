/** Maps values of `domain` linearly to pixels of `range`; either may run backwards. */
export interface Scale {
  readonly domain: readonly [number, number];
  at(value: number): number;
}

export function linearScale(domain: readonly [number, number], range: readonly [number, number]): Scale {
  const [low, high] = domain;
  const [start, end] = range;
  const width = high - low;
  // A domain without width has its one value in the middle.
  const at = (value: number): number =>
    width === 0 ? (start + end) / 2 : start + ((value - low) / width) * (end - start);
  return { domain, at };
}

/** About `wanted` round numbers (1, 2 or 5 times a power of ten apart) inside the domain. */
export function ticksOf([low, high]: readonly [number, number], wanted: number): number[] {
  if (!(high > low)) return [low];
  const step = roundStep((high - low) / wanted);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, index) =>
    Number(((first + index) * step).toPrecision(12)),
  );
}

function roundStep(raw: number): number {
  const power = 10 ** Math.floor(Math.log10(raw));
  const factor = [1, 2, 5].find((candidate) => candidate * power >= raw * 0.999) ?? 10;
  return factor * power;
}

/** The smallest domain that holds all finite values and the given bounds, widened by a twentieth where open. */
export function domainOf(
  values: readonly number[],
  bounds: { readonly low?: number; readonly high?: number } = {},
): readonly [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) [low, high] = [bounds.low ?? 0, bounds.high ?? 1];
  const margin = (high - low) / 20 || Math.abs(high) / 20 || 1;
  return [bounds.low ?? low - margin, bounds.high ?? high + margin];
}
