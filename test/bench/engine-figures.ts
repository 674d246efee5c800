import { median, round } from './figures.ts';
import type { LoadReport } from './load.ts';

/** One round of the engines bench; its parts ran within seconds of each other. */
export interface EngineRound {
  /** Verdicts over vLLM's HTTP: under many connections, and with one. */
  readonly http: ProtocolReport;
  /** The same over Triton's gRPC. */
  readonly grpc: ProtocolReport;
  /** Three replicas over HTTP, all well, and with one of them stuck. */
  readonly healthy: LoadReport;
  readonly stuck: LoadReport;
}

export interface ProtocolReport {
  readonly many: LoadReport;
  readonly single: LoadReport;
}

/** Medians over the rounds; ratios and differences are taken inside a round. */
export function engineFiguresOf(rounds: readonly EngineRound[]): Readonly<Record<string, number>> {
  const over = (read: (each: EngineRound) => number, digits: number): number =>
    round(median(rounds.map(read)), digits);
  return {
    http_verdicts_per_s: over(({ http }) => http.many.perSecond, 0),
    grpc_verdicts_per_s: over(({ grpc }) => grpc.many.perSecond, 0),
    grpc_added_p50_ms: over(({ http, grpc }) => grpc.single.p50Ms - http.single.p50Ms, 3),
    stuck_served_share: over(({ stuck }) => 1 - stuck.failures / stuck.requests, 5),
    stuck_p99_ratio: over(({ healthy, stuck }) => stuck.p99Ms / healthy.p99Ms, 2),
  };
}

/** Replies that were no right verdict, where no fault was at work. */
export function wrongRepliesOf(rounds: readonly EngineRound[]): number {
  return rounds
    .flatMap(({ http, grpc, healthy }) => [http.many, http.single, grpc.many, grpc.single, healthy])
    .reduce((sum, { failures }) => sum + failures, 0);
}
