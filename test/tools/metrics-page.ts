import { type LabelName, LABELS, METRIC_SECTIONS, type MetricRow } from '../../src/domain/metrics.ts';

/** docs/metrics.md from the metric table. */
export function metricsPage(): string {
  const sections = Object.entries(METRIC_SECTIONS).map(([title, rows]) => section(title, rows));
  return `${HEAD}\n${sections.join('\n')}\n${labels()}`;
}

const HEAD = `# Metrics

Every figure at \`/metrics\`, made from the one table \`src/domain/metrics.ts\` (\`npm run docs\`). How to scrape them and
what to look at: [observability.md](observability.md). Names and labels are an interface: a test pins them.
`;

function section(title: string, rows: Readonly<Record<string, MetricRow>>): string {
  const lines = Object.entries(rows).map(([name, { type, unit, labels: names, help, buckets }]) => {
    const bounds = buckets === undefined ? '' : ` Buckets: ${buckets.join(', ')}.`;
    const list = names.map((label) => `\`${label}\``).join(', ');
    return `| \`${name}\` | ${type} | ${unit} | ${list || '–'} | ${help}${bounds} |`;
  });
  return `## ${title}

| metric | type | unit | labels | meaning |
|---|---|---|---|---|
${lines.join('\n')}
`;
}

/** Where a label's values come from, when they are no fixed list. */
const SOURCES: Readonly<Record<string, string>> = {
  configuration: 'names of the configuration, else `other`',
  engine: 'what is there now',
  routes: 'the routes and their statuses',
  errors: 'the error table',
  table: 'this table',
};

function labels(): string {
  // The keys of the table are label names.
  const names = Object.keys(LABELS) as LabelName[];
  const rows = names.map((name) => {
    const { from, meaning } = LABELS[name];
    const values = typeof from === 'string' ? SOURCES[from] : from.map((value) => `\`${value}\``).join(', ');
    return `| \`${name}\` | ${values} | ${meaning} |`;
  });
  return `## Labels

No label ever holds a prompt, a key, an id of a request, or anything else that a caller may choose freely. A metric has
at most 10,000 series; what would be more is counted under \`other\` and in \`assay_metrics_series_dropped_total\`.

| label | values | meaning |
|---|---|---|
${rows.join('\n')}
`;
}
