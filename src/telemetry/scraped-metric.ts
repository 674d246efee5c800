import { figure, type SeriesLines, startOf } from './text-format.ts';

type Read = () => Iterable<{ readonly labels: Readonly<Record<string, string>>; readonly value: number }>;

/** A metric whose figures are read anew at each scrape, from everybody who has some to tell. */
export class ScrapedMetric implements SeriesLines {
  readonly #name: string;
  readonly #labels: readonly string[];
  readonly #limit: number;
  readonly #readers = new Set<Read>();

  /** Beyond `limit` series the rest is left out. */
  constructor(name: string, labels: readonly string[], limit: number) {
    this.#name = name;
    this.#labels = labels;
    this.#limit = limit;
  }

  /** What is told of one series twice is added up. The function returned takes `read` back. */
  add(read: Read): () => void {
    this.#readers.add(read);
    return () => void this.#readers.delete(read);
  }

  lines(): string {
    const sums = new Map<string, number>();
    for (const read of this.#readers) {
      for (const { labels, value } of read()) {
        const start = startOf(this.#name, this.#labels, labels);
        const sum = sums.get(start);
        if (sum !== undefined || sums.size < this.#limit) sums.set(start, (sum ?? 0) + value);
      }
    }
    let text = '';
    for (const [start, sum] of sums) text += `${start}${figure(sum)}\n`;
    return text;
  }
}
