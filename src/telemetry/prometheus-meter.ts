import { Counter, Gauge, Registry } from 'prom-client';
import type { Counter as CounterSeries, Exposition, Meter } from '../contracts/metrics.ts';
import { type LabelName, METRICS, type MetricName } from '../domain/metrics.ts';
import { BucketedMetric } from './bucketed-metric.ts';
import { BoundedFamily, type Known } from './bounded-family.ts';
import { createScrapedMetric, type ScrapedMetric } from './scraped-metric.ts';

/**
 * The figures of one gateway, in a registry of its own: nothing here is global. It makes each metric of the
 * table when somebody first asks for it, keeps labels to what the configuration knows and each metric to a
 * bounded number of series. It counts
 * nothing by itself and decides nothing.
 */
export interface PrometheusMeter extends Meter, Exposition {}

export interface PrometheusMeterOptions {
  /** Whether the configuration has this team, policy, … now. */
  readonly known: Known;
  /** Series that a metric may have before more are counted under `other`. */
  readonly seriesPerMetric?: number;
}

const SERIES_PER_METRIC = 10_000;

export function createPrometheusMeter(options: PrometheusMeterOptions): PrometheusMeter {
  const { known, seriesPerMetric: limit = SERIES_PER_METRIC } = options;
  const registry = new Registry();
  const dropped = new Counter(definition('assay_metrics_series_dropped_total', registry));
  const families = new Map<MetricName, unknown>();
  const scraped = new Map<MetricName, ScrapedMetric>();
  /** One for each metric, of the kind that its row says. */
  const once = <T>(name: MetricName, make: () => T): T => {
    const found = families.get(name);
    // Only `make` of the same name puts something there.
    if (found !== undefined) return found as T;
    const made = make();
    families.set(name, made);
    return made;
  };
  const family = <T>(name: MetricName, bind: (labels: Readonly<Record<string, string>>) => T) =>
    new BoundedFamily({
      labels: METRICS[name].labels,
      known,
      limit,
      bind,
      onDrop: () => dropped.inc({ metric: name }),
    });
  return {
    counter: (name) =>
      once(name, () => {
        const tallies: Tally[] = [];
        const metric: Counter<string> = new Counter({
          ...definition(name, registry),
          collect: (): void => tell(metric, tallies),
        });
        return family(name, (labels) => {
          const tally = new Tally(labels);
          tallies.push(tally);
          return tally;
        });
      }),
    histogram: (name) =>
      once(name, () => {
        const metric = new BucketedMetric(definition(name, registry), METRICS[name].buckets);
        return family(name, (labels) => metric.bind(labels));
      }),
    read(name, read) {
      let metric = scraped.get(name);
      if (metric === undefined) {
        const Type = METRICS[name].type === 'counter' ? Counter : Gauge;
        metric = createScrapedMetric(
          limit,
          (collect) => new Type({ ...definition(name, registry), collect }),
        );
        scraped.set(name, metric);
      }
      return metric.add(read);
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

function definition(name: MetricName, registry: Registry) {
  const labelNames: LabelName[] = [...METRICS[name].labels];
  return { name, help: METRICS[name].help, labelNames, registers: [registry] };
}

/** One series of a counter: a plain sum that the library gets to see at a scrape only. */
class Tally implements CounterSeries {
  readonly labels: Readonly<Record<string, string>>;
  sum = 0;

  constructor(labels: Readonly<Record<string, string>>) {
    this.labels = labels;
  }

  add(by = 1): void {
    this.sum += by;
  }
}

function tell(metric: Counter<string>, tallies: readonly Tally[]): void {
  metric.reset();
  for (const { labels, sum } of tallies) metric.inc(labels, sum);
}
