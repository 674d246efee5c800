/** A stretch of time, from `start` up to but without `end`, in milliseconds since 1970. */
export interface Period {
  readonly start: number;
  readonly end: number;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** The minute, day or month in UTC that `now` is in. */
export function periodAt(now: number, per: 'minute' | 'day' | 'month'): Period {
  if (per === 'month') {
    const date = new Date(now);
    const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
    return { start: Date.UTC(year, month), end: Date.UTC(year, month + 1) };
  }
  const length = per === 'day' ? DAY_MS : MINUTE_MS;
  const start = Math.floor(now / length) * length;
  return { start, end: start + length };
}
