import type { Interval } from '../../statistics/binomial.ts';

/** How figures are written in reports: always the same way, whatever the machine's language. */

/** What stands where there is nothing to say. */
export const NOTHING = '–';

const WHOLE = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

export function formatCount(value: number): string {
  return WHOLE.format(value);
}

/** Three decimals, such as `0.822`. */
export function formatFigure(value: number | null): string {
  return value === null || !Number.isFinite(value) ? NOTHING : value.toFixed(3);
}

/** `0.822 [0.788, 0.854]`. */
export function formatInterval(interval: Interval | null): string {
  if (interval === null) return NOTHING;
  const { estimate, low, high } = interval;
  return `${estimate.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
}

/** Part of one as `82 %`, with a decimal below ten. */
export function formatPercent(share: number): string {
  const percent = 100 * share;
  return `${percent.toFixed(percent > 0 && percent < 9.95 ? 1 : 0)} %`;
}

/** Dollars with three significant digits; takes nano-dollars. */
export function formatUsd(nanoUsd: number | null): string {
  if (nanoUsd === null) return NOTHING;
  const usd = nanoUsd / 1e9;
  if (usd === 0) return '$0';
  return `$${usd >= 1 ? usd.toFixed(2) : Number(usd.toPrecision(3)).toFixed(decimalsOf(usd))}`;
}

function decimalsOf(value: number): number {
  return Math.max(0, 2 - Math.floor(Math.log10(value)));
}

/** Milliseconds such as `38 ms`; seconds from ten of them on. */
export function formatMs(ms: number | null): string {
  if (ms === null) return NOTHING;
  if (ms >= 10_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${ms < 10 ? ms.toFixed(1) : WHOLE.format(ms)} ms`;
}
