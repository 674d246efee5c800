import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Breaker, createBreaker, type Ticket } from '../../../src/resilience/breaker.ts';
import { type ManualClock, manualClock } from '../../fakes/clock.ts';

const SETTINGS = { windowMs: 10_000, minimumCalls: 10, failureShare: 0.5, openMs: 5_000 };

/** The recorder answers in microtasks. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

function start(): { breaker: Breaker; clock: ManualClock } {
  const clock = manualClock();
  return { breaker: createBreaker(SETTINGS, clock), clock };
}

async function fail(breaker: Breaker, calls: number): Promise<void> {
  for (let i = 0; i < calls; i += 1) breaker.record(breaker.admit(), 'fail');
  await settle();
}

describe('the breaker', () => {
  it('opens when more than half of at least ten calls failed, and not before', async () => {
    const { breaker } = start();
    await fail(breaker, 9);
    expect([breaker.state(), breaker.refusal()]).toEqual(['closed', null]);
    await fail(breaker, 1);
    expect([breaker.state(), breaker.refusal()]).toEqual(['open', 'open']);
  });

  it('stays closed while exactly half of the calls fail', async () => {
    const { breaker } = start();
    for (let i = 0; i < 20; i += 1) {
      breaker.record(breaker.admit(), 'ok');
      breaker.record(breaker.admit(), 'fail');
      await settle();
    }
    expect(breaker.state()).toBe('closed');
  });

  it('opens for calls that last longer than its window', async () => {
    const { breaker, clock } = start();
    const tickets = Array.from({ length: 10 }, () => breaker.admit());
    clock.advance(60_000);
    for (const ticket of tickets) breaker.record(ticket, 'fail');
    await settle();
    expect(breaker.state()).toBe('open');
  });

  it('forgets failures that are older than its window', async () => {
    const { breaker, clock } = start();
    await fail(breaker, 9);
    clock.advance(11_000);
    await fail(breaker, 9);
    expect(breaker.state()).toBe('closed');
  });

  it('lets one probe through after its time, and closes when that succeeds', async () => {
    const { breaker, clock } = start();
    await fail(breaker, 10);
    clock.advance(4_999);
    expect(breaker.refusal()).toBe('open');
    clock.advance(1);
    expect([breaker.state(), breaker.refusal()]).toEqual(['half_open', null]);
    const probe = breaker.admit();
    expect(breaker.refusal()).toBe('open');
    breaker.record(probe, 'ok');
    expect(breaker.state()).toBe('closed');
    // The failures from before the opening are gone: nine more calls are not enough.
    await fail(breaker, 9);
    expect(breaker.state()).toBe('closed');
  });

  it('opens again when the probe fails, and tries another when it said nothing', async () => {
    const { breaker, clock } = start();
    await fail(breaker, 10);
    clock.advance(5_000);
    breaker.record(breaker.admit(), 'neutral');
    expect([breaker.state(), breaker.refusal()]).toEqual(['half_open', null]);
    breaker.record(breaker.admit(), 'fail');
    expect([breaker.state(), breaker.refusal()]).toEqual(['open', 'open']);
    clock.advance(5_000);
    expect(breaker.refusal()).toBeNull();
  });

  it('is not closed by a call from before the opening', async () => {
    const { breaker, clock } = start();
    const old = breaker.admit();
    await fail(breaker, 10);
    clock.advance(5_000);
    breaker.record(old, 'ok');
    expect(breaker.state()).toBe('half_open');
  });

  it('trusts a replica that came back with 1, 2, 4 … calls at once', async () => {
    const { breaker, clock } = start();
    await fail(breaker, 10);
    clock.advance(5_000);
    breaker.record(breaker.admit(), 'ok');
    for (const allowed of [1, 2, 4, 8, 16, 32, 64]) {
      const tickets: Ticket[] = [];
      while (breaker.refusal() === null) tickets.push(breaker.admit());
      expect([tickets.length, breaker.refusal()]).toEqual([allowed, 'ramp']);
      breaker.record(tickets[0]!, 'ok');
      for (const ticket of tickets.slice(1)) breaker.record(ticket, 'neutral');
    }
    for (let i = 0; i < 200; i += 1) breaker.admit();
    expect(breaker.refusal()).toBeNull();
  });

  it('never opens for neutral outcomes', async () => {
    const { breaker } = start();
    for (let i = 0; i < 100; i += 1) breaker.record(breaker.admit(), 'neutral');
    await settle();
    expect(breaker.state()).toBe('closed');
  });

  it('keeps its promises under any interleaving', async () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.constant('admit' as const) },
      {
        weight: 6,
        arbitrary: fc.constantFrom('ok' as const, 'fail' as const, 'fail' as const, 'neutral' as const),
      },
      { weight: 1, arbitrary: fc.constant('wait' as const) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(step, fc.nat()), { maxLength: 150 }), async (steps) => {
        const { breaker, clock } = start();
        const out: Ticket[] = [];
        for (const [what, n] of steps) {
          const before = breaker.state();
          let recorded: { probe: boolean; what: string } | null = null;
          if (what === 'wait') clock.advance(n % 6_000);
          else if (what === 'admit') {
            const refused = breaker.refusal() !== null;
            expect(refused || before !== 'open').toBe(true);
            if (!refused) out.push(breaker.admit());
          } else if (out.length > 0) {
            const [ticket] = out.splice(n % out.length, 1);
            breaker.record(ticket!, what);
            await settle();
            recorded = { probe: ticket!.probe, what };
          }
          // Only its own probe, and only by succeeding, closes a breaker; only a failure opens it.
          const closed = before !== 'closed' && breaker.state() === 'closed';
          const opened = before === 'closed' && breaker.state() === 'open';
          expect(!closed || (recorded?.probe === true && recorded.what === 'ok')).toBe(true);
          expect(!opened || recorded?.what === 'fail').toBe(true);
          const newest = Math.max(...out.map((ticket) => ticket.generation), -1);
          const probes = out.filter((ticket) => ticket.probe && ticket.generation === newest);
          expect(probes.length).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 60 },
    );
  });
});
