type Read = () => Iterable<{ readonly labels: Readonly<Record<string, string>>; readonly value: number }>;

/** A metric whose figures are read anew at each scrape, from everybody who has some to tell. */
export interface ScrapedMetric {
  add(read: Read): () => void;
}

/** As much of a counter or gauge as is needed here. */
interface Resettable {
  reset(): void;
  inc(labels: Readonly<Record<string, string>>, value: number): void;
}

/** `make` gets what the metric is to do at each scrape. Beyond `limit` series the rest is left out. */
export function createScrapedMetric(limit: number, make: (collect: () => void) => Resettable): ScrapedMetric {
  const readers = new Set<Read>();
  const metric = make(() => {
    metric.reset();
    let room = limit;
    for (const read of readers) {
      for (const { labels, value } of read()) {
        if (room === 0) return;
        room -= 1;
        metric.inc(labels, value);
      }
    }
  });
  return {
    add(read) {
      readers.add(read);
      return () => readers.delete(read);
    },
  };
}
