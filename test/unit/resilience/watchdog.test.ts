import { describe, expect, it } from 'vitest';
import { createWatchdog } from '../../../src/resilience/watchdog.ts';
import { manualClock } from '../../fakes/clock.ts';

function watched() {
  const clock = manualClock();
  const stuck: number[] = [];
  const watchdog = createWatchdog(1_000, clock, (silentMs) => stuck.push(silentMs));
  return { clock, stuck, watchdog };
}

describe('the watchdog', () => {
  it('tells of calls without a token, and not of an idle engine', () => {
    const { clock, stuck, watchdog } = watched();
    clock.advance(5_000);
    watchdog.started();
    clock.advance(900);
    watchdog.heard();
    clock.advance(100);
    expect(stuck).toEqual([]);
    clock.advance(900);
    expect(stuck).toEqual([1_000]);
    watchdog.ended();
    clock.advance(5_000);
    expect(stuck).toEqual([1_000]);
  });

  it('has half the patience for counters that stand still', () => {
    const { clock, stuck, watchdog } = watched();
    watchdog.started();
    clock.advance(400);
    watchdog.frozen();
    expect(stuck).toEqual([]);
    clock.advance(200);
    watchdog.frozen();
    expect(stuck).toEqual([600]);
  });

  it('blames no engine for a gateway that stood still', () => {
    const { clock, stuck, watchdog } = watched();
    watchdog.started();
    clock.advance(60_000);
    expect(stuck).toEqual([]);
    clock.advance(1_000);
    expect(stuck).toEqual([1_000]);
  });
});
