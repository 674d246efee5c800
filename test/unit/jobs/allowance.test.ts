import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Allowance } from '../../../src/jobs/allowance.ts';

describe('the allowance of a job', () => {
  it('lets everything go where there is no budget', () => {
    const allowance = new Allowance(null, 1e15);
    allowance.began();
    expect(allowance.ask()).toBe('go');
  });

  it('sends the first item alone, then as many as the dearest price allows', () => {
    const allowance = new Allowance(100, 0);
    expect(allowance.ask()).toBe('go');
    allowance.began();
    expect(allowance.ask()).toBe('wait');
    allowance.ended(30);
    expect(allowance.ask()).toBe('go');
    allowance.began();
    allowance.began();
    expect(allowance.ask()).toBe('wait');
    allowance.ended(30);
    allowance.ended(30);
    expect(allowance.ask()).toBe('spent');
  });

  it('has nothing when all was spent before', () => {
    expect(new Allowance(100, 100).ask()).toBe('spent');
  });

  it('never lets more be spent than the budget when no item costs more than the first', () => {
    const steps = fc.array(fc.record({ start: fc.boolean(), cost: fc.integer({ min: 0, max: 50 }) }), {
      maxLength: 200,
    });
    fc.assert(
      fc.property(fc.integer({ min: 50, max: 2000 }), steps, (budget, moves) => {
        const allowance = new Allowance(budget, 0);
        let spent = 50;
        let underWay = 0;
        allowance.began();
        allowance.ended(50);
        for (const { start, cost } of moves) {
          if (start && allowance.ask() === 'go') {
            allowance.began();
            underWay += 1;
          } else if (underWay > 0) {
            allowance.ended(cost);
            underWay -= 1;
            spent += cost;
          }
        }
        // Even if each one under way costs as much as any did.
        expect(spent + underWay * 50).toBeLessThanOrEqual(budget);
      }),
    );
  });
});
