/** How numbers are written for people: always the same way, whatever the machine's language. */
const WHOLE = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const CENTS = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const THREE_DIGITS = new Intl.NumberFormat('en-US', {
  minimumSignificantDigits: 3,
  maximumSignificantDigits: 3,
});

export function formatCount(value: number): string {
  return WHOLE.format(value);
}

/** `$12.30`, and three digits below a dollar: `$0.0412`. Takes nano-dollars. */
export function formatUsd(nanoUsd: number): string {
  const usd = nanoUsd / 1e9;
  if (usd === 0) return '$0';
  return `$${(Math.abs(usd) >= 1 ? CENTS : THREE_DIGITS).format(usd)}`;
}

/** Part of a whole as `12 %`, with a decimal below ten; a dash when there is no whole. */
export function formatShare(part: number, whole: number): string {
  if (whole === 0) return '–';
  const percent = (100 * part) / whole;
  const digits = percent > 0 && percent < 9.95 ? 1 : 0;
  // 99.97 % is not all of them.
  const shown = part < whole ? Math.min(percent, 99.9) : percent;
  return `${shown.toFixed(shown > 99 && shown < 100 ? 1 : digits)} %`;
}

/** `8.2 s`, `3:05 min`, `2:10 h`. Takes seconds. */
export function formatDuration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}:${twoDigits(whole % 60)} min`;
  return `${Math.floor(minutes / 60)}:${twoDigits(minutes % 60)} h`;
}

/** A rate such as `412/s`. */
export function formatRate(count: number, seconds: number): string {
  const rate = seconds > 0 ? count / seconds : 0;
  return `${rate < 9.95 ? rate.toFixed(1) : WHOLE.format(rate)}/s`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
