import type { Histogram } from '../contracts/metrics.ts';
import { figure, type SeriesLines, startOf } from './text-format.ts';

/** A histogram: plain arrays for each series, rendered at a scrape only. */
export class BucketedMetric implements SeriesLines {
  readonly #name: string;
  readonly #labels: readonly string[];
  readonly #bounds: readonly number[];
  readonly #series: Buckets[] = [];

  constructor(name: string, labels: readonly string[], bounds: readonly number[]) {
    this.#name = name;
    this.#labels = labels;
    this.#bounds = bounds;
  }

  bind(labels: Readonly<Record<string, string>>): Histogram {
    const start = (part: string) => startOf(`${this.#name}_${part}`, this.#labels, labels);
    const series = new Buckets(this.#bounds, {
      buckets: [...this.#bounds, Infinity].map((bound) =>
        startOf(`${this.#name}_bucket`, [...this.#labels, 'le'], { ...labels, le: figure(bound) }),
      ),
      sum: start('sum'),
      count: start('count'),
    });
    this.#series.push(series);
    return series;
  }

  lines(): string {
    return this.#series.map((series) => series.lines()).join('');
  }
}

/** What the lines of one series begin with. */
interface Starts {
  readonly buckets: readonly string[];
  readonly sum: string;
  readonly count: string;
}

/** One series. */
class Buckets implements Histogram, SeriesLines {
  readonly #bounds: readonly number[];
  readonly #starts: Starts;
  /** Observations by the first bound that they are not above; the last one is above all. */
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(bounds: readonly number[], starts: Starts) {
    this.#bounds = bounds;
    this.#starts = starts;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    const bounds = this.#bounds;
    let index = 0;
    while (index < bounds.length && value > (bounds[index] ?? 0)) index += 1;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#sum += value;
  }

  lines(): string {
    const { buckets, sum, count } = this.#starts;
    let text = '';
    let seen = 0;
    for (const [index, start] of buckets.entries()) {
      seen += this.#counts[index] ?? 0;
      text += `${start}${seen}\n`;
    }
    return `${text}${sum}${figure(this.#sum)}\n${count}${seen}\n`;
  }
}
