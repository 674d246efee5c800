/** Numbers as people read them. */
export function dollars(usd: number): string {
  if (usd === 0) return '$0';
  return usd >= 1 ? `$${usd.toFixed(2)}` : `$${usd.toPrecision(3)}`;
}

export function percent(share: number | null): string {
  return share === null ? '–' : `${(share * 100).toFixed(1)} %`;
}

export function rate(perSecond: number): string {
  return perSecond >= 100 ? perSecond.toFixed(0) : perSecond.toFixed(1);
}

export function count(value: number): string {
  return value.toLocaleString('en-US');
}

/** The time of day. */
export function clock(ms: number): string {
  return new Date(ms).toISOString().slice(11, 19);
}
