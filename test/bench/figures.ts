import type { LoadReport } from './load.ts';

/** What the bench sends load to. */
export const TARGETS = ['stub', 'control', 'chat', 'preferences'] as const;
export type Target = (typeof TARGETS)[number];

/** One target in one round: under many connections, and with a single one. */
export interface Cell {
  readonly many: LoadReport;
  readonly single: LoadReport;
  /** CPU time of the server process per request under many connections, in microseconds. */
  readonly cpuUs: number;
}

export type Round = Readonly<Record<Target, Cell>>;

export interface Memory {
  readonly rssMb: number;
  readonly peakMb: number;
  /** Requests that the gateway had answered when its memory was read. */
  readonly requests: number;
}

/**
 * The figures: medians over the rounds. Ratios and differences are taken inside a round, whose parts
 * ran within seconds of each other, so that a slow phase of the machine hits both sides.
 */
export function figuresOf(rounds: readonly Round[], memory: Memory): Readonly<Record<string, number>> {
  const over = (read: (round: Round) => number, digits: number): number =>
    round(median(rounds.map(read)), digits);
  return {
    stub_rps: over((r) => r.stub.many.perSecond, 0),
    control_rps: over((r) => r.control.many.perSecond, 0),
    chat_rps: over((r) => r.chat.many.perSecond, 0),
    preferences_rps: over((r) => r.preferences.many.perSecond, 0),
    stub_cpu_us: over((r) => r.stub.cpuUs, 1),
    control_cpu_us: over((r) => r.control.cpuUs, 1),
    chat_cpu_us: over((r) => r.chat.cpuUs, 1),
    preferences_cpu_us: over((r) => r.preferences.cpuUs, 1),
    chat_ratio: over((r) => r.chat.many.perSecond / r.control.many.perSecond, 3),
    preferences_ratio: over((r) => r.preferences.many.perSecond / r.control.many.perSecond, 3),
    chat_cpu_ratio: over((r) => r.chat.cpuUs / r.control.cpuUs, 3),
    added_p50_ms: over((r) => r.chat.single.p50Ms - r.stub.single.p50Ms, 3),
    added_p99_ms: over((r) => r.chat.single.p99Ms - r.stub.single.p99Ms, 3),
    preferences_added_p50_ms: over((r) => r.preferences.single.p50Ms - r.stub.single.p50Ms, 3),
    rss_mb: round(memory.rssMb, 1),
    peak_rss_mb: round(memory.peakMb, 1),
    requests: memory.requests,
    failures: failuresOf(rounds),
  };
}

export function failuresOf(rounds: readonly Round[]): number {
  const reports = rounds.flatMap((r) => TARGETS.flatMap((target) => [r[target].many, r[target].single]));
  return reports.reduce((sum, report) => sum + report.failures, 0);
}

/** The table for people: one line for each target, with the spread of its rate over the rounds. */
export function tableOf(rounds: readonly Round[], connections: number): string {
  const head = [
    '',
    `req/s at ${connections}`,
    'of control',
    'CPU us/req',
    'p50 ms at 1',
    'p99 ms at 1',
    'req/s, all rounds',
  ];
  const lines = TARGETS.map((target) => {
    const over = (read: (round: Round) => number, digits: number): string =>
      median(rounds.map(read)).toFixed(digits);
    return [
      target,
      over((r) => r[target].many.perSecond, 0),
      over((r) => r[target].many.perSecond / r.control.many.perSecond, 2),
      over((r) => r[target].cpuUs, 0),
      over((r) => r[target].single.p50Ms, 3),
      over((r) => r[target].single.p99Ms, 3),
      rounds.map((r) => r[target].many.perSecond.toFixed(0)).join(' '),
    ];
  });
  const rows = [head, ...lines];
  const widths = head.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const render = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ');
  return rows.map(render).join('\n');
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((x, y) => x - y);
  const middle = sorted.length / 2;
  const [low = Number.NaN, high = low] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return (low + high) / 2;
}

export function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
