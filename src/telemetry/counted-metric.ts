import type { Counter } from '../contracts/metrics.ts';
import { figure, type SeriesLines, startOf } from './text-format.ts';

/** A counter: a plain sum for each series, rendered at a scrape only. */
export class CountedMetric implements SeriesLines {
  readonly #name: string;
  readonly #labels: readonly string[];
  readonly #series: Tally[] = [];

  constructor(name: string, labels: readonly string[]) {
    this.#name = name;
    this.#labels = labels;
  }

  bind(labels: Readonly<Record<string, string>>): Counter {
    const series = new Tally(startOf(this.#name, this.#labels, labels));
    this.#series.push(series);
    return series;
  }

  lines(): string {
    let text = '';
    for (const { start, sum } of this.#series) text += `${start}${figure(sum)}\n`;
    return text;
  }
}

/** One series. */
class Tally implements Counter {
  readonly start: string;
  sum = 0;

  constructor(start: string) {
    this.start = start;
  }

  add(by = 1): void {
    this.sum += by;
  }
}
