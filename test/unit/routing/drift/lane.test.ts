import { describe, expect, it } from 'vitest';
import { createLaneMonitor, restoreLaneMonitor } from '../../../../src/routing/drift/lane.ts';
import { measureStreams } from '../../../bench/drift-streams.ts';

const lane = { alpha: 0.05, auditShare: 0.02 };
const before = { items: 12_500, risk: 0.03 };

describe('lane monitor', () => {
  it('catches a tripled and a doubled risk soon', () => {
    const tripled = measureStreams({ ...lane, before, after: { items: 30_000, risk: 0.15 } }, 150, 1);
    expect(tripled.medianDelay).toBeLessThanOrEqual(75);
    expect(tripled.missedShare).toBeLessThan(0.01);
    const doubled = measureStreams({ ...lane, before, after: { items: 30_000, risk: 0.1 } }, 150, 2);
    expect(doubled.medianDelay).toBeLessThanOrEqual(185);
  });

  it('alarms falsely in few streams of 60,000 items', () => {
    const quiet = { ...lane, before: { items: 60_000, risk: 0.03 }, after: { items: 0, risk: 0 } };
    expect(measureStreams(quiet, 150, 3).falseAlarmShare).toBeLessThanOrEqual(0.05);
  });

  it('says once why it alarmed, and goes on alarmed after a restart', () => {
    const monitor = createLaneMonitor(lane);
    const alarms = Array.from({ length: 6 }, () => monitor.observe({ error: true, probability: 0.02 }));
    expect(alarms.filter((alarm) => alarm !== null)).toHaveLength(1);
    expect(alarms[2]).toMatchObject({ detector: 'e-process', audits: 3, observedRisk: 1, alpha: 0.05 });
    // Mean wealth of the bets .25, .5, 1, 2 and 4 after three errors.
    expect(alarms[2]?.evidence).toBeCloseTo(29.51, 1);
    const restored = restoreLaneMonitor(JSON.parse(JSON.stringify(monitor.state())));
    expect(restored.alarmed).toBe(true);
    expect(restored.observe({ error: true, probability: 0.02 })).toBeNull();
  });

  it('goes on where it stopped', () => {
    const monitor = createLaneMonitor(lane);
    for (let i = 0; i < 2; i += 1) monitor.observe({ error: true, probability: 0.02 });
    expect(monitor.alarmed).toBe(false);
    const restored = restoreLaneMonitor(JSON.parse(JSON.stringify(monitor.state())));
    expect(restored.observe({ error: true, probability: 0.02 })).toMatchObject({ audits: 3 });
  });

  it('counts an item that was audited more often for less', () => {
    const monitor = createLaneMonitor(lane);
    // Ten times the audit share: a tenth of the weight, so these errors are a risk of .1 of an error each.
    for (let i = 0; i < 5; i += 1) expect(monitor.observe({ error: true, probability: 0.2 })).toBeNull();
    expect(monitor.alarmed).toBe(false);
    expect(() => monitor.observe({ error: true, probability: 0.01 })).toThrow('audit probability');
  });
});
