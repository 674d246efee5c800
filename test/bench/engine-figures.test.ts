import { describe, expect, it } from 'vitest';
import { type EngineRound, engineFiguresOf, wrongRepliesOf } from './engine-figures.ts';

const report = (perSecond: number, p50Ms: number, failures = 0) => ({
  requests: 1000,
  failures,
  firstFailure: null,
  perSecond,
  p50Ms,
  p99Ms: p50Ms * 3,
  cpuUsPerRequest: 1,
});

const round = (slowness: number): EngineRound => ({
  http: { many: report(3000 / slowness, 20), single: report(900, 1 * slowness) },
  grpc: { many: report(2000 / slowness, 30), single: report(800, 1.25 * slowness, 1) },
  healthy: report(2500, 10 * slowness),
  stuck: report(1800, 15 * slowness, 2),
});

describe('the figures of the engines bench', () => {
  it('are medians, with ratios and differences inside a round', () => {
    expect(engineFiguresOf([round(1), round(5), round(2)])).toEqual({
      http_verdicts_per_s: 1500,
      grpc_verdicts_per_s: 1000,
      grpc_added_p50_ms: 0.5,
      stuck_served_share: 0.998,
      stuck_p99_ratio: 1.5,
    });
  });

  it('count wrong replies but for those that a stuck replica caused', () => {
    expect(wrongRepliesOf([round(1), round(2)])).toBe(2);
  });
});
