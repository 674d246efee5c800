import { describe, expect, it } from 'vitest';
import { createTypicalTimes } from '../../../src/resilience/typical-times.ts';
import { manualClock } from '../../fakes/clock.ts';

describe('typical times', () => {
  it('are unknown before twenty calls, then their median, kind by kind', () => {
    const times = createTypicalTimes(manualClock());
    for (let ms = 1; ms <= 19; ms += 1) times.took('label', ms);
    expect(times.median('label')).toBeNull();
    times.took('label', 20);
    expect(times.median('label')).toBe(10);
    expect(times.median('generation')).toBeNull();
  });

  it('are forgotten when no call went well for ten seconds', () => {
    const clock = manualClock();
    const times = createTypicalTimes(clock);
    for (let i = 0; i < 40; i += 1) times.took('label', 500);
    clock.advance(9_999);
    expect(times.median('label')).toBe(500);
    clock.advance(1);
    expect(times.median('label')).toBeNull();
    for (let i = 0; i < 19; i += 1) times.took('label', 7);
    expect(times.median('label')).toBeNull();
    times.took('label', 7);
    expect(times.median('label')).toBe(7);
  });

  it('follow an engine that became slower within 256 calls', () => {
    const times = createTypicalTimes(manualClock());
    for (let i = 0; i < 1_000; i += 1) times.took('json', 10);
    for (let i = 0; i < 256; i += 1) times.took('json', 900);
    expect(times.median('json')).toBe(900);
  });
});
