import { Gauge, type MetricConfiguration } from 'prom-client';
import type { Histogram } from '../contracts/metrics.ts';

/**
 * A histogram whose series count in plain arrays and are rendered at a scrape only: the library's own looks
 * its labels up at every observation, which costs more than all the rest of the figures together.
 */
export class BucketedMetric extends Gauge<string> {
  readonly #name: string;
  readonly #help: string;
  readonly #bounds: readonly number[];
  readonly #series: Buckets[] = [];

  constructor(definition: MetricConfiguration<string>, bounds: readonly number[]) {
    super(definition);
    this.#name = definition.name;
    this.#help = definition.help;
    this.#bounds = bounds;
  }

  bind(labels: Readonly<Record<string, string>>): Histogram {
    const series = new Buckets(labels, this.#bounds);
    this.#series.push(series);
    return series;
  }

  override async get() {
    return {
      name: this.#name,
      help: this.#help,
      type: 'histogram' as const,
      aggregator: 'sum' as const,
      collect: () => undefined,
      values: this.#series.flatMap((series) => series.values(this.#name)),
    };
  }
}

/** One series. */
class Buckets implements Histogram {
  readonly #labels: Readonly<Record<string, string>>;
  readonly #bounds: readonly number[];
  /** Observations by the first bound that they are not above; the last one is above all. */
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(labels: Readonly<Record<string, string>>, bounds: readonly number[]) {
    this.#labels = labels;
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    const bounds = this.#bounds;
    let index = 0;
    while (index < bounds.length && value > (bounds[index] ?? 0)) index += 1;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#sum += value;
  }

  values(name: string) {
    const labels = this.#labels;
    let count = 0;
    const buckets = [...this.#bounds.map(String), '+Inf'].map((le, index) => {
      count += this.#counts[index] ?? 0;
      return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: count };
    });
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels, value: this.#sum },
      { metricName: `${name}_count`, labels, value: count },
    ];
  }
}
