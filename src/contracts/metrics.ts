import type { LabelsOf, MetricNameOf } from '../domain/metrics.ts';

/**
 * Figures for operators, by the names of domain/metrics.ts. Handed in by `compose`; there is no global
 * registry. On a hot path take the family once; `of` is a look-up by the labels' values.
 */
export interface Meter {
  counter<Name extends MetricNameOf<'counter'>>(name: Name): Family<Name, Counter>;
  histogram<Name extends MetricNameOf<'histogram'>>(name: Name): Family<Name, Histogram>;
  /**
   * Figures that are read when somebody looks: `read` is asked at each scrape and tells all series there are
   * then. It must be quick (well under a millisecond) and must not throw. Counters may be read as well, where
   * somebody counts already. Taken back by the function returned; a second reader of one metric adds to the first.
   */
  read<Name extends MetricNameOf<'gauge' | 'counter'>>(
    name: Name,
    read: () => Iterable<Reading<Name>>,
  ): () => void;
}

/** The series of one metric. Values that are not known in the configuration become `other`. */
export interface Family<Name extends MetricNameOf<'counter' | 'histogram'>, Series> {
  of(labels: LabelsOf<Name>): Series;
}

export interface Counter {
  /** `by` is finite and >= 0; 1 when left out. */
  add(by?: number): void;
}

export interface Histogram {
  /** In the unit of the metric's row. */
  observe(value: number): void;
}

export interface Reading<Name extends MetricNameOf<'gauge' | 'counter'>> {
  readonly labels: LabelsOf<Name>;
  readonly value: number;
}

/** All figures as Prometheus reads them. */
export interface Exposition {
  text(): Promise<string>;
  readonly contentType: string;
}
