import { describe, expect, it } from 'vitest';
import type { Authentication, Authenticator } from '../../../src/contracts/authenticator.ts';
import { limitAttempts } from '../../../src/tenancy/attempt-limit.ts';
import { anonymous } from '../../../src/tenancy/config-keys.ts';
import { manualClock } from '../../fakes/clock.ts';

const wrong: Authentication = { ok: false, refusal: { code: 'unauthenticated', retryAfterMs: null } };
const right: Authentication = { ok: true, principal: anonymous('rm', ['submit']) };
const inner: Authenticator = {
  authenticate: ({ authorization }) => (authorization === 'right' ? right : wrong),
};

function limited() {
  const clock = manualClock();
  const { authenticate } = limitAttempts(inner, clock);
  const attempt = (address: string, authorization = 'wrong') => authenticate({ address, authorization });
  return { clock, attempt };
}

describe('failed attempts', () => {
  it('are refused as such ten times a minute, then as too many, with the time to wait', () => {
    const { clock, attempt } = limited();
    clock.advance(5_000);
    for (let n = 0; n < 10; n += 1) expect(attempt('10.0.0.1')).toEqual(wrong);
    clock.advance(20_000);
    expect(attempt('10.0.0.1')).toEqual({
      ok: false,
      refusal: { code: 'rate_limited', retryAfterMs: 40_000 },
    });
    expect(attempt('10.0.0.2')).toEqual(wrong);
    clock.advance(40_000);
    expect(attempt('10.0.0.1')).toEqual(wrong);
  });

  it('do not lock out a right key from the same address', () => {
    const { attempt } = limited();
    for (let n = 0; n < 50; n += 1) void attempt('10.0.0.1');
    expect(attempt('10.0.0.1', 'right')).toEqual(right);
  });

  it('are counted for a bounded number of addresses: the oldest is forgotten', () => {
    const { attempt } = limited();
    for (let n = 0; n < 11; n += 1) void attempt('first');
    expect(attempt('first')).toMatchObject({ refusal: { code: 'rate_limited' } });
    for (let n = 0; n < 10_000; n += 1) void attempt(`10.${n}`);
    expect(attempt('first')).toEqual(wrong);
  });

  it('are counted for answers that come later too', async () => {
    const later: Authenticator = { authenticate: async () => wrong };
    const { authenticate } = limitAttempts(later, manualClock());
    const shown = { address: 'a', authorization: 'wrong' };
    for (let n = 0; n < 10; n += 1) expect(await authenticate(shown)).toEqual(wrong);
    expect(await authenticate(shown)).toMatchObject({ refusal: { code: 'rate_limited' } });
  });
});
