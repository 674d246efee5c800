import { describe, expect, it } from 'vitest';
import { createOutlier } from '../../../src/pool/outlier.ts';
import { manualClock } from '../../fakes/clock.ts';
import { CRASHED, failureOf } from '../../fakes/pool.ts';

const SETTINGS = { localFailures: 3, serverErrors: 5, ejectionMs: 30_000, longestMs: 300_000 };
const SERVER_ERROR = failureOf('engine_error');

function outlierOf(mayEject: () => boolean = () => true) {
  const clock = manualClock();
  const outlier = createOutlier(SETTINGS, clock, mayEject);
  const fail = (failure: typeof CRASHED, times: number): void => {
    for (let i = 0; i < times; i += 1) outlier.failed(failure);
  };
  return { clock, outlier, fail };
}

describe('an outlier', () => {
  it('is ejected after three broken connections or five 500s in a row, not before', () => {
    const broken = outlierOf();
    broken.fail(CRASHED, 2);
    expect(broken.outlier.isEjected()).toBe(false);
    broken.fail(CRASHED, 1);
    expect(broken.outlier.isEjected()).toBe(true);
    const erring = outlierOf();
    erring.fail(SERVER_ERROR, 4);
    expect(erring.outlier.isEjected()).toBe(false);
    erring.fail(SERVER_ERROR, 1);
    expect(erring.outlier.isEjected()).toBe(true);
  });

  it('is ejected after five replies over the limit in a row', () => {
    const { outlier, fail } = outlierOf();
    fail(failureOf('engine_reply_too_large'), 4);
    expect(outlier.isEjected()).toBe(false);
    fail(failureOf('engine_reply_too_large'), 1);
    expect(outlier.isEjected()).toBe(true);
  });

  it('is forgiven by an answer in between, and by what says nothing of the replica', () => {
    const { outlier, fail } = outlierOf();
    fail(CRASHED, 2);
    outlier.answered();
    fail(CRASHED, 2);
    expect(outlier.isEjected()).toBe(false);
    fail(failureOf('overloaded'), 50);
    fail(failureOf('context_overflow', { sent: false }), 50);
    fail(failureOf('cancelled'), 50);
    expect(outlier.isEjected()).toBe(false);
  });

  it('stays out 30 s, then 60 s, never more than 300 s, and begins anew after a long good time', () => {
    const { clock, outlier, fail } = outlierOf();
    const outFor = (): number => {
      fail(CRASHED, 3);
      let seconds = 0;
      while (outlier.isEjected()) {
        clock.advance(1_000);
        seconds += 1;
      }
      return seconds;
    };
    expect([outFor(), outFor(), outFor()]).toEqual([30, 60, 90]);
    for (let i = 0; i < 10; i += 1) outFor();
    expect(outFor()).toBe(300);
    clock.advance(300_001);
    expect(outFor()).toBe(30);
  });

  it('stays in when it is the last healthy one', () => {
    const { outlier, fail } = outlierOf(() => false);
    fail(CRASHED, 30);
    expect(outlier.isEjected()).toBe(false);
  });
});
