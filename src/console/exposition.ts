/** One figure of `/metrics`. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Figures by the name of their metric. */
export type Figures = ReadonlyMap<string, readonly Sample[]>;

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/** Reads the text format of Prometheus; lines that are none of it are passed over. */
export function parseExposition(text: string): Figures {
  const figures = new Map<string, Sample[]>();
  for (const line of text.split('\n')) {
    const [, name, labels = '', value] = LINE.exec(line) ?? [];
    if (name === undefined || value === undefined) continue;
    const sample = { labels: Object.fromEntries(labelsOf(labels)), value: Number(value) };
    const known = figures.get(name);
    if (known === undefined) figures.set(name, [sample]);
    else known.push(sample);
  }
  return figures;
}

function* labelsOf(text: string): Generator<readonly [string, string]> {
  for (const [, name = '', value = ''] of text.matchAll(LABEL))
    yield [name, value.replaceAll(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char))];
}

/** Sum of a metric over the samples that pass. */
export function sum(
  figures: Figures,
  name: string,
  passes: (labels: Sample['labels']) => boolean = () => true,
): number {
  return (figures.get(name) ?? [])
    .filter(({ labels }) => passes(labels))
    .reduce((total, { value }) => total + value, 0);
}

/** Sums of a metric by the value of one label. */
export function sumBy(
  figures: Figures,
  name: string,
  label: string,
  passes: (labels: Sample['labels']) => boolean = () => true,
): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const { labels, value } of figures.get(name) ?? []) {
    const key = labels[label];
    if (key !== undefined && passes(labels)) sums.set(key, (sums.get(key) ?? 0) + value);
  }
  return sums;
}
