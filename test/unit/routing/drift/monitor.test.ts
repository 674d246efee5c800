import { describe, expect, it } from 'vitest';
import { createDriftMonitor } from '../../../../src/routing/drift/monitor.ts';
import { createSeededRandom } from '../../../../src/statistics/random.ts';
import { manualClock } from '../../../fakes/clock.ts';

const options = { alpha: 0.05, auditShare: 0.02, reference: 'strict' };
const error = { error: true, probability: 0.02 };

function watching(from?: Parameters<typeof createDriftMonitor>[1]) {
  const clock = manualClock();
  clock.advance(1234);
  const monitor = createDriftMonitor({ clock, anchorAlpha: 0.05 }, from);
  monitor.watch('lane', options);
  return monitor;
}

describe('drift monitor', () => {
  it('raises an alarm for the lane that drifted and for no other', () => {
    const monitor = watching();
    monitor.watch('other', options);
    const events = Array.from({ length: 3 }, () => monitor.audited('lane', error));
    expect(events.at(-1)).toMatchObject({
      type: 'alarm',
      at: 1234,
      lane: 'lane',
      detail: { cause: 'unknown' },
    });
    expect(monitor.audited('other', error)).toBeNull();
    expect(monitor.audited('unwatched', error)).toBeNull();
  });

  it('tells drift of the reference judge from drift of the data by the anchor set', () => {
    const faithful = watching();
    for (let i = 0; i < 60; i += 1) faithful.anchored('strict', false);
    const alarm = Array.from({ length: 3 }, () => faithful.audited('lane', error)).at(-1);
    expect(alarm).toMatchObject({ detail: { cause: 'data_or_small_judge' } });

    const drifted = watching();
    const anchor = Array.from({ length: 3 }, () => drifted.anchored('strict', true)).at(-1);
    expect(anchor).toMatchObject({ type: 'judge_drift', lane: 'strict' });
    const after = Array.from({ length: 3 }, () => drifted.audited('lane', error)).at(-1);
    expect(after).toMatchObject({ detail: { cause: 'reference_judge' } });
  });

  it('warns once when confidences or a rate move, not while they stay', () => {
    const monitor = watching();
    const { uniform } = createSeededRandom(5);
    const judge = (n: number, shift: number) =>
      Array.from({ length: n }, () =>
        monitor.judged('lane', {
          confidence: uniform() ** (1 + shift),
          position_inconsistent: uniform() < 0.1 + shift ? 1 : 0,
        }),
      ).flat();
    expect(judge(3_000, 0)).toEqual([]);
    const warnings = judge(1_500, 0.5);
    expect(
      warnings.map(({ type, detail }) => `${type} ${'watched' in detail ? detail.watched : ''}`).toSorted(),
    ).toEqual(['warning confidence', 'warning position_inconsistent']);
  });

  it('survives a restart', () => {
    const monitor = watching();
    for (let i = 0; i < 2; i += 1) monitor.audited('lane', error);
    const restored = watching(JSON.parse(JSON.stringify(monitor.snapshot())));
    expect(restored.audited('lane', error)).toMatchObject({ type: 'alarm' });
    restored.forget('lane');
    expect(restored.snapshot().lanes).toEqual([]);
  });
});
