/** Counts of one engine since its start; `/metrics` and `/simulator/state` show them. */
export class EngineMetrics {
  promptTokens = 0;
  cachedTokens = 0;
  generationTokens = 0;
  /** Requests whose client left, which vLLM does not count among the finished. */
  aborted = 0;
  rejected = 0;
  /** Answers to a prompt with a pair that asked for log-probabilities. */
  labelCalls = 0;
  readonly finished = { stop: 0, length: 0 };
  readonly firstToken = new Histogram(FIRST_TOKEN_BUCKETS);
  readonly interToken = new Histogram(INTER_TOKEN_BUCKETS);
  readonly endToEnd = new Histogram(REQUEST_BUCKETS);
  readonly queued = new Histogram(REQUEST_BUCKETS);
  readonly promptLength = new Histogram(TOKEN_BUCKETS);
  readonly answerLength = new Histogram(TOKEN_BUCKETS);
  /** By `handler method status`; handlers are the known paths and `none`, so it is bounded. */
  readonly httpRequests = new Map<string, number>();

  countHttp(handler: string, method: string, status: number): void {
    const key = `handler="${handler}",method="${method}",status="${Math.floor(status / 100)}xx"`;
    this.httpRequests.set(key, (this.httpRequests.get(key) ?? 0) + 1);
  }
}

const FIRST_TOKEN_BUCKETS = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640,
  2560,
];
const INTER_TOKEN_BUCKETS = [
  0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80,
];
const REQUEST_BUCKETS = [
  0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680,
];
const TOKEN_BUCKETS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000];

class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;
  #count = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = bounds.map(() => 0);
  }

  observe(value: number): void {
    this.#sum += value;
    this.#count += 1;
    const bucket = this.#bounds.findIndex((bound) => value <= bound);
    if (bucket >= 0) this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
  }

  /** Samples in the text format, with these labels. */
  render(name: string, labels: string): string[] {
    let below = 0;
    const buckets = this.#bounds.map((bound, index) => {
      below += this.#counts[index] ?? 0;
      return `${name}_bucket{${labels},le="${asFloat(bound)}"} ${asFloat(below)}`;
    });
    return [
      ...buckets,
      `${name}_bucket{${labels},le="+Inf"} ${asFloat(this.#count)}`,
      `${name}_count{${labels}} ${asFloat(this.#count)}`,
      `${name}_sum{${labels}} ${asFloat(this.#sum)}`,
    ];
  }
}

/** A number as Python writes a float. */
export function asFloat(value: number): string {
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}
