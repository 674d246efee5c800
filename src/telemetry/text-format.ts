import type { MetricRow } from '../domain/metrics.ts';

/**
 * Prometheus' text format, version 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats). A line of a
 * series never changes but for its figure, so whoever keeps series keeps their `start` too.
 */
export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** What a metric has on the page: a line for each series, each with its line end. */
export interface SeriesLines {
  lines(): string;
}

/** All of one metric. One without labels has its only series from the first moment, as 0. */
export function metricText(name: string, { help, type, labels }: MetricRow, series: SeriesLines): string {
  const lines = series.lines();
  const isSingle = labels.length === 0 && type !== 'histogram';
  return `# HELP ${name} ${escaped(help)}\n# TYPE ${name} ${type}\n${lines === '' && isSingle ? `${name} 0\n` : lines}`;
}

/** A line up to its figure: `name{label="value",…} `. */
export function startOf(
  name: string,
  names: readonly string[],
  labels: Readonly<Record<string, string>>,
): string {
  if (names.length === 0) return `${name} `;
  let pairs = '';
  for (const label of names) pairs += `${pairs === '' ? '' : ','}${label}="${quoted(labels[label] ?? '')}"`;
  return `${name}{${pairs}} `;
}

export function figure(value: number): string {
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : String(value);
}

/** Nearly no value needs it, and one look is cheaper than three replacements. */
function quoted(value: string): string {
  return /[\\\n"]/.test(value) ? escaped(value).replaceAll('"', '\\"') : value;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
