import { describe, expect, it } from 'vitest';
import { createLoadEstimate } from '../../../src/pool/load.ts';
import { manualClock } from '../../fakes/clock.ts';

describe('the load of a replica', () => {
  it('is the time to first token in seconds times the tokens in its hands, and one', () => {
    const load = createLoadEstimate(manualClock());
    // Nothing was seen yet: 30 ms.
    expect(load.cost(0)).toBeCloseTo(0.03, 12);
    load.observe(200);
    load.add(99);
    expect(load.cost(0)).toBeCloseTo(20, 12);
    load.remove(99);
    expect(load.cost(0)).toBeCloseTo(0.2, 12);
  });

  it('jumps up at once and comes down over ten seconds', () => {
    const clock = manualClock();
    const load = createLoadEstimate(clock);
    load.observe(1_000);
    expect(load.cost(0)).toBeCloseTo(1, 12);
    clock.advance(10_000);
    expect(load.cost(0)).toBeCloseTo(0.36788, 5);
    load.observe(100);
    // 1000/e + 100 * (1 - 1/e)
    expect(load.cost(0)).toBeCloseTo(0.43109, 5);
    load.observe(5_000);
    expect(load.cost(0)).toBeCloseTo(5, 12);
  });

  it('counts requests of others as calls of the usual size', () => {
    const load = createLoadEstimate(manualClock());
    load.observe(1_000);
    // 256 tokens are assumed before there was a call.
    expect(load.cost(2)).toBeCloseTo(513, 9);
    for (let i = 0; i < 500; i += 1) {
      load.add(100);
      load.remove(100);
    }
    expect(load.cost(1)).toBeCloseTo(101, 6);
  });

  it('keeps the tokens of a call that was given up for two seconds', () => {
    const clock = manualClock();
    const load = createLoadEstimate(clock);
    load.add(300);
    load.abandon(300);
    clock.advance(1_000);
    load.add(50);
    load.abandon(50);
    clock.advance(999);
    expect(load.outstandingTokens()).toBe(350);
    clock.advance(1);
    expect(load.outstandingTokens()).toBe(50);
    clock.advance(1_000);
    expect(load.outstandingTokens()).toBe(0);
  });
});
