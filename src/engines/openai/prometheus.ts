/** One sample of a metric in Prometheus' text format. */
export interface Sample {
  /** Between the braces; empty without labels. */
  readonly labels: string;
  readonly value: number;
}

/** The samples of one metric. Only its own lines are looked at: an engine writes tens of kilobytes. */
export function samplesOf(text: string, name: string): Sample[] {
  const samples: Sample[] = [];
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + name.length)) {
    const startsLine = at === 0 || text[at - 1] === '\n';
    if (!startsLine) continue;
    const end = text.indexOf('\n', at);
    const sample = readSample(text.slice(at + name.length, end < 0 ? text.length : end));
    if (sample !== null) samples.push(sample);
  }
  return samples;
}

/** What follows the name on its line: labels, a value and perhaps a time. */
function readSample(rest: string): Sample | null {
  const [, labels = '', number] = /^(?:\{(.*)\})?\s+(\S+)/.exec(rest) ?? [];
  const value = Number(number);
  return Number.isFinite(value) ? { labels, value } : null;
}
