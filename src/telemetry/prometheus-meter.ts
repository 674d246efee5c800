import type { Exposition, Meter } from '../contracts/metrics.ts';
import { METRICS, type MetricName } from '../domain/metrics.ts';
import { BucketedMetric } from './bucketed-metric.ts';
import { BoundedFamily, type Known } from './bounded-family.ts';
import { CountedMetric } from './counted-metric.ts';
import { memo } from './memo.ts';
import { ScrapedMetric } from './scraped-metric.ts';
import { CONTENT_TYPE, metricText, type SeriesLines } from './text-format.ts';

/**
 * The figures of one gateway, in a registry of its own: nothing here is global. It makes each metric of the
 * table when somebody first asks for it, keeps labels to what the configuration knows and each metric to a
 * bounded number of series, and writes the page. It counts nothing by itself and decides nothing.
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
  const metrics = new Map<MetricName, SeriesLines>();
  const families = new Map<MetricName, unknown>();
  const scraped = new Map<MetricName, ScrapedMetric>();
  const onPage = <T extends SeriesLines>(name: MetricName, metric: T): T => {
    if (metrics.has(name)) throw new Error(`${name} is counted here already`);
    metrics.set(name, metric);
    return metric;
  };
  const counted = (name: MetricName) => onPage(name, new CountedMetric(name, METRICS[name].labels));
  const drops = counted(DROPPED);
  const dropped = memo((metric) => drops.bind({ metric }));
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
      onDrop: () => dropped(name).add(),
    });
  return {
    counter: (name) =>
      once(name, () => {
        const metric = counted(name);
        return family(name, (labels) => metric.bind(labels));
      }),
    histogram: (name) =>
      once(name, () => {
        const { labels: names, buckets } = METRICS[name];
        const metric = onPage(name, new BucketedMetric(name, names, buckets));
        return family(name, (labels) => metric.bind(labels));
      }),
    read(name, read) {
      const metric = scraped.get(name) ?? onPage(name, new ScrapedMetric(name, METRICS[name].labels, limit));
      scraped.set(name, metric);
      return metric.add(read);
    },
    text: async () =>
      [...metrics].map(([name, metric]) => metricText(name, METRICS[name], metric)).join('\n'),
    contentType: CONTENT_TYPE,
  };
}

const DROPPED = 'assay_metrics_series_dropped_total';
