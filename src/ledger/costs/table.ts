/** Sums by day; `kind` is `verdict`, or why judges were called. Written with the verdicts, see `verdicts/write.ts`. */
export interface CostTables {
  cost_day: {
    day: Date;
    team: string;
    policy: string;
    task: string;
    /** Of the deciding judgment, or the one that was called; empty when there is none. */
    tier: string;
    kind: 'verdict' | 'decided' | 'rejected' | 'shadow' | 'audit';
    items: number;
    labels: number;
    cached: number;
    calls: number;
    retries: number;
    /** Questions put to a judge about one verdict, in one or both orders. */
    judgments: number;
    input_tokens: number;
    cached_input_tokens: number;
    output_tokens: number;
    engine_seconds: number;
    nano_usd: number;
  };
}

/** Sums over the days asked about, or of one day. */
export interface CostSum extends Omit<CostTables['cost_day'], 'day'> {
  /** As `2026-11-24`. */
  readonly day: string;
}
