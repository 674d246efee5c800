import { describe, expect, it } from 'vitest';
import { createCallStarter } from '../../../src/resilience/deadline.ts';
import { manualClock } from '../../fakes/clock.ts';

describe('a started call', () => {
  const start = () => {
    const clock = manualClock();
    return { clock, started: createCallStarter(clock).start({ requestId: 'r', team: 't', timeoutMs: 100 }) };
  };

  it('aborts at its deadline with the reason', () => {
    const { clock, started } = start();
    expect(started.call.deadline).toBe(100);
    clock.advance(99);
    expect(started.call.signal.aborted).toBe(false);
    clock.advance(1);
    expect(started.call.signal.reason).toMatchObject({
      code: 'deadline_exceeded',
      message: 'no answer within 100 ms',
    });
  });

  it('aborts when the caller leaves', () => {
    const { started } = start();
    started.cancel();
    expect(started.call.signal.reason).toMatchObject({ code: 'cancelled' });
  });

  it('stays quiet once it has ended', () => {
    const { clock, started } = start();
    started.end();
    clock.advance(1000);
    started.cancel();
    expect(started.call.signal.aborted).toBe(false);
  });
});
