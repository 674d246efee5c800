import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideDeferral, type OverBudgetChoice } from '../../../../src/routing/deferral/deferral.ts';
import { createSpendPace } from '../../../../src/routing/deferral/spend-pace.ts';
import { createSeededRandom } from '../../../../src/statistics/random.ts';
import { countingRandom, manualClock } from '../../../fakes/clock.ts';

/** 1,000 escalations of 1,000 nano-dollars in each window of 100 s. */
const budget = { nanoUsd: 1_000_000, windowMs: 100_000, errorNanoUsd: 5_000 };
const item = { accepted: true, wrong: 0.3, escalationNanoUsd: 1_000, remainingMs: 5_000, samplingScore: 1 };

function ready(owed = 0) {
  const clock = manualClock();
  const pace = createSpendPace(budget, clock);
  pace.charge(owed);
  return { clock, pace, random: countingRandom() };
}

describe('deferral', () => {
  it('escalates beyond the floor only where an error avoided is worth more than asking', () => {
    const { pace, random } = ready();
    expect(decideDeferral({ ...item, wrong: 0.19 }, pace, 'pause', random)).toMatchObject({
      action: 'accept',
    });
    expect(decideDeferral({ ...item, wrong: 0.21 }, pace, 'pause', random)).toMatchObject({
      action: 'escalate',
    });
  });

  it('does what the policy chose when not even the floor can be paid', () => {
    const floor = { ...item, accepted: false };
    const { pace, random } = ready(1_000_000);
    expect(decideDeferral(floor, pace, 'pause', random)).toMatchObject({
      action: 'refuse',
      retryAfterMs: 100,
    });
    expect(decideDeferral(floor, pace, 'queue', random)).toMatchObject({ action: 'wait', ms: 100 });
    expect(decideDeferral({ ...floor, remainingMs: 100 }, pace, 'queue', random)).toMatchObject({
      action: 'refuse',
    });
    expect(decideDeferral(floor, pace, 'release', random)).toMatchObject({
      action: 'release',
      flag: 'uncertified',
    });
    const dropped = decideDeferral(floor, pace, 'drop', random);
    expect(dropped.action === 'drop' && dropped.inclusion).toBeCloseTo(0.02, 12);
  });

  it('lets a held item through when the time it named has passed', () => {
    const { clock, pace, random } = ready(1_000_000);
    const floor = { ...item, accepted: false };
    clock.advance(99);
    expect(decideDeferral(floor, pace, 'queue', random)).toMatchObject({ action: 'wait', ms: 1 });
    clock.advance(1);
    expect(decideDeferral(floor, pace, 'queue', random)).toMatchObject({ action: 'escalate', inclusion: 1 });
  });

  it('never accepts under the floor, whatever the money says, and marks what it releases', () => {
    const choices = fc.constantFrom<OverBudgetChoice>('pause', 'queue', 'release', 'drop');
    fc.assert(
      fc.property(
        choices,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: -3_000_000, max: 3_000_000 }),
        fc.integer({ min: 1, max: 5_000_000 }),
        (choice, wrong, owed, escalationNanoUsd) => {
          const { pace, random } = ready(owed);
          const decision = decideDeferral(
            { ...item, accepted: false, wrong, escalationNanoUsd },
            pace,
            choice,
            random,
          );
          expect(decision.action).not.toBe('accept');
          if (decision.action === 'release') {
            expect(choice).toBe('release');
            expect(decision.flag).toBe('uncertified');
          }
          if (decision.action === 'drop') {
            expect(choice).toBe('drop');
            expect(decision.inclusion).toBeGreaterThanOrEqual(0.02);
          }
        },
      ),
    );
  });

  it('spends what the budget brings, on any steady stream that could use more', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 15, max: 80 }), (seed, everyMs) => {
        const { uniform } = createSeededRandom(seed);
        const clock = manualClock();
        const pace = createSpendPace(budget, clock);
        let spent = 0;
        let halfway = 0;
        for (let time = 0; time < 1_000_000; time += everyMs) {
          clock.advance(everyMs);
          const candidate = { ...item, wrong: uniform() };
          if (decideDeferral(candidate, pace, 'pause', countingRandom()).action === 'escalate')
            spent += 1_000;
          if (time < 500_000) halfway = spent;
        }
        // 5 windows bring 5,000,000 in the second half; the band is 5 %.
        expect(spent - halfway).toBeGreaterThan(4_750_000);
        expect(spent - halfway).toBeLessThan(5_250_000);
      }),
      { numRuns: 8 },
    );
  });

  it('keeps the floor within the money and one window, and drops by logged probabilities that add up', () => {
    const { uniform } = createSeededRandom(3);
    const clock = manualClock();
    const pace = createSpendPace(budget, clock);
    const random = { ...countingRandom(), uniform };
    let spent = 0;
    let weights = 0;
    const items = 50_000;
    for (let i = 0; i < items; i += 1) {
      clock.advance(20);
      const decision = decideDeferral({ ...item, accepted: false }, pace, 'drop', random);
      if (decision.action !== 'escalate') continue;
      spent += 1_000;
      weights += 1 / decision.inclusion;
    }
    // 1,000 s bring 10 windows of money, and one may be owed; five times as much was asked for.
    expect(spent).toBeLessThanOrEqual(11_000_000);
    expect(spent).toBeGreaterThan(9_500_000);
    // Horvitz and Thompson: the weights of what was kept count all items.
    expect(weights / items).toBeGreaterThan(0.95);
    expect(weights / items).toBeLessThan(1.05);
  });

  it('goes on with its balance after a restart', () => {
    const { pace } = ready(400_000);
    const restored = createSpendPace(budget, manualClock(), JSON.parse(JSON.stringify(pace.snapshot())));
    expect(restored.level()).toBeCloseTo(-0.4, 12);
    expect(restored.waitFor(2_500_000)).toBe(Number.POSITIVE_INFINITY);
  });
});
