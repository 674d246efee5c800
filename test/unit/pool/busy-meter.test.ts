import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBusyMeter } from '../../../src/pool/busy-meter.ts';
import { manualClock } from '../../fakes/clock.ts';

describe('the busy meter', () => {
  it('gives a lone call all of its time', () => {
    const clock = manualClock();
    const end = createBusyMeter(clock).start();
    clock.advance(250);
    expect(end()).toBe(0.25);
  });

  it('shares the time of calls that run together', () => {
    const clock = manualClock();
    const meter = createBusyMeter(clock);
    const first = meter.start();
    clock.advance(100); // first alone: 100
    const second = meter.start();
    expect(meter.running()).toBe(2);
    clock.advance(100); // 50 each
    expect(first()).toBeCloseTo(0.15, 12);
    clock.advance(100); // second alone: 100
    expect(second()).toBeCloseTo(0.15, 12);
  });

  it('gives out exactly the time that the replica was busy', () => {
    const step = fc.record({ wait: fc.nat({ max: 50 }), start: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const clock = manualClock();
        const meter = createBusyMeter(clock);
        const open: (() => number)[] = [];
        let busy = 0;
        let given = 0;
        for (const { wait, start } of steps) {
          clock.advance(wait);
          if (open.length > 0) busy += wait / 1000;
          if (start) open.push(meter.start());
          else given += open.shift()?.() ?? 0;
        }
        for (const end of open) given += end();
        expect(given).toBeCloseTo(busy, 9);
      }),
    );
  });
});
