import { describe, expect, it } from 'vitest';
import type { Call } from '../../../src/contracts/call.ts';
import type { Clock } from '../../../src/contracts/clock.ts';
import { createHoldingFeedback } from '../../../src/feedback/holding.ts';
import { scriptedFeedback } from '../../fakes/scripted-feedback.ts';

/** A clock on which every pause is over at once, and time goes on by it. */
function leapingClock(): Clock & { readonly pauses: number[] } {
  let at = 0;
  const pauses: number[] = [];
  return {
    pauses,
    now: () => at,
    monotonic: () => at,
    after(ms, callback) {
      pauses.push(ms);
      at += ms;
      queueMicrotask(callback);
      return () => undefined;
    },
  };
}

function callUntil(deadline: number, signal = new AbortController().signal): Call {
  return { requestId: 'req_1', team: 'trainers', signal, deadline };
}

const ITEMS = ['x', 'y'].map((id) => ({
  ok: true as const,
  item: { id, prompt: 'p', candidates: ['c'], rubric: undefined, metadata: {} },
}));

describe('createHoldingFeedback', () => {
  it('asks again only for what may pass, until it does', async () => {
    const clock = leapingClock();
    const inner = scriptedFeedback((id, nth) => (id === 'y' && nth < 4 ? 'engine_unavailable' : undefined));
    const verdicts = await createHoldingFeedback(inner, clock).judge('score', 'p', ITEMS, callUntil(60_000));
    expect(verdicts.map(({ itemId, outcome }) => [itemId, outcome])).toEqual([
      ['x', 'ok'],
      ['y', 'ok'],
    ]);
    expect(inner.asked).toEqual(['x', 'y', 'y', 'y', 'y']);
    expect(clock.pauses).toEqual([250, 500, 1000]);
  });

  it('tells at once what cannot pass', async () => {
    const clock = leapingClock();
    const inner = scriptedFeedback((id) => (id === 'x' ? 'refused' : undefined));
    const verdicts = await createHoldingFeedback(inner, clock).judge('score', 'p', ITEMS, callUntil(60_000));
    expect(verdicts.map(({ outcome }) => outcome)).toEqual(['engine_failed', 'ok']);
    expect(clock.pauses).toEqual([]);
  });

  it('ends with the last answer when the deadline is nearer than the next pause', async () => {
    const clock = leapingClock();
    const inner = scriptedFeedback(() => 'overloaded');
    const verdicts = await createHoldingFeedback(inner, clock).judge('score', 'p', ITEMS, callUntil(1_000));
    expect(verdicts.map(({ problem }) => problem?.code)).toEqual(['overloaded', 'overloaded']);
    expect(clock.pauses).toEqual([250, 500]);
  });

  it('stops when the caller leaves', async () => {
    const clock = leapingClock();
    const gone = new AbortController();
    const inner = scriptedFeedback((_id, nth) => {
      if (nth === 2) gone.abort();
      return 'overloaded';
    });
    await createHoldingFeedback(inner, clock).judge('score', 'p', ITEMS, callUntil(60_000, gone.signal));
    expect(inner.asked).toEqual(['x', 'y', 'x', 'y']);
  });
});
