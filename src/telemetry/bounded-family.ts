import { type LabelName, LABELS } from '../domain/metrics.ts';

/** Whether a name that is configured at run time, such as a team, is known now. */
export type Known = (label: LabelName, value: string) => boolean;

export interface BoundedFamilyOptions<Series> {
  readonly labels: readonly LabelName[];
  readonly known: Known;
  /** Most series, the ones under `other` aside. */
  readonly limit: number;
  bind(labels: Readonly<Record<string, string>>): Series;
  /** A series was not made because there are as many as allowed. */
  onDrop(): void;
}

const OTHER = 'other';

/**
 * The series of one metric, each bound once. Values that nobody knows become `other`; when there are as many
 * series as allowed, so do all configured values of the next one: sums stay true, and memory stays bounded.
 */
export class BoundedFamily<Series> {
  readonly #options: BoundedFamilyOptions<Series>;
  readonly #series = new Map<string, Series>();

  constructor(options: BoundedFamilyOptions<Series>) {
    this.#options = options;
  }

  of(values: Readonly<Record<string, string>>): Series {
    let key = '';
    for (const label of this.#options.labels) key += `${values[label]}\u0000`;
    return this.#series.get(key) ?? this.#make(key, values);
  }

  #make(asked: string, values: Readonly<Record<string, string>>): Series {
    const { limit, known, onDrop } = this.#options;
    const labels = this.#mapped(values, (label, value) => (isKnown(label, value, known) ? value : OTHER));
    const key = keyOf(labels);
    const found = this.#series.get(key);
    if (found !== undefined) return found;
    if (this.#series.size < limit || key !== asked) return this.#add(key, labels);
    onDrop();
    const others = this.#mapped(labels, (label, value) => (isFixed(label) ? value : OTHER));
    return this.#series.get(keyOf(others)) ?? this.#add(keyOf(others), others);
  }

  #add(key: string, labels: Readonly<Record<string, string>>): Series {
    const series = this.#options.bind(labels);
    this.#series.set(key, series);
    return series;
  }

  #mapped(
    values: Readonly<Record<string, string>>,
    map: (label: LabelName, value: string) => string,
  ): Record<string, string> {
    return Object.fromEntries(this.#options.labels.map((label) => [label, map(label, values[label] ?? '')]));
  }
}

function keyOf(labels: Readonly<Record<string, string>>): string {
  return Object.values(labels)
    .map((value) => `${value}\u0000`)
    .join('');
}

/** A label whose values stand in the table. */
function isFixed(label: LabelName): boolean {
  return typeof LABELS[label].from !== 'string';
}

function isKnown(label: LabelName, value: string, known: Known): boolean {
  const { from } = LABELS[label];
  if (typeof from !== 'string') return from.some((allowed) => allowed === value);
  return from !== 'configuration' || known(label, value);
}
