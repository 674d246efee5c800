import { describe, expect, it } from 'vitest';
import { type Cell, figuresOf, type Round, tableOf } from './figures.ts';

function cell(perSecond: number, cpuUs: number, p50Ms: number, failures = 0): Cell {
  const report = {
    requests: 100,
    failures,
    firstFailure: null,
    perSecond,
    p50Ms,
    p99Ms: p50Ms * 2,
    cpuUsPerRequest: 1,
  };
  return { many: report, single: report, cpuUs };
}

function round(slowness: number): Round {
  return {
    stub: cell(30_000 / slowness, 30 * slowness, 0.1 * slowness),
    control: cell(8000 / slowness, 100 * slowness, 0.3 * slowness),
    chat: cell(6000 / slowness, 150 * slowness, 0.4 * slowness),
    preferences: cell(3000 / slowness, 300 * slowness, 0.6 * slowness, 1),
  };
}

const memory = { rssMb: 101.23, peakMb: 120, requests: 10_000 };

describe('the figures of the gateway bench', () => {
  it('are medians over the rounds', () => {
    expect(figuresOf([round(1), round(4), round(2)], memory)).toEqual({
      stub_rps: 15_000,
      control_rps: 4000,
      chat_rps: 3000,
      preferences_rps: 1500,
      stub_cpu_us: 60,
      control_cpu_us: 200,
      chat_cpu_us: 300,
      preferences_cpu_us: 600,
      chat_ratio: 0.75,
      preferences_ratio: 0.375,
      chat_cpu_ratio: 1.5,
      added_p50_ms: 0.6,
      added_p99_ms: 1.2,
      preferences_added_p50_ms: 1,
      rss_mb: 101.2,
      peak_rss_mb: 120,
      requests: 10_000,
      failures: 6,
    });
  });

  it('take ratios inside a round, so that a slow round does not bend them', () => {
    const mixed = { ...round(1), control: cell(4000, 100, 0.3) };
    expect(figuresOf([mixed, round(5), round(9)], memory)).toMatchObject({ chat_ratio: 0.75 });
  });

  it('take the middle of two for an even number of rounds', () => {
    expect(figuresOf([round(1), round(2)], memory)).toMatchObject({ stub_rps: 22_500, chat_cpu_us: 225 });
  });

  it('stand in a table with one line per target', () => {
    const lines = tableOf([round(1)], 32).split('\n');
    expect(lines.map((line) => line.split(/ {2,}/).filter(Boolean))).toEqual([
      ['req/s at 32', 'of control', 'CPU us/req', 'p50 ms at 1', 'p99 ms at 1', 'req/s, all rounds'],
      ['stub', '30000', '3.75', '30', '0.100', '0.200', '30000'],
      ['control', '8000', '1.00', '100', '0.300', '0.600', '8000'],
      ['chat', '6000', '0.75', '150', '0.400', '0.800', '6000'],
      ['preferences', '3000', '0.38', '300', '0.600', '1.200', '3000'],
    ]);
  });
});
