import { describe, expect, it } from 'vitest';
import type { Call, CallClass } from '../../../../src/contracts/call.ts';
import { FLAVOURS } from '../../../../src/engines/openai/flavours.ts';
import { marksOf } from '../../../../src/engines/openai/request-marks.ts';

function callOf(team: string, callClass?: CallClass): Call {
  const call = { requestId: 'r', team, signal: new AbortController().signal, deadline: 1 };
  return callClass === undefined ? call : { ...call, class: callClass };
}
const BOTH = { priority: true, isolate: true };
const CHAT = { kind: 'chat' } as const;

describe('the priority of a call', () => {
  it.each([
    ['vllm', [0, 0, 1, 2, 3]],
    ['sglang', [3, 3, 2, 1, 0]],
    ['trtllm', [0.8, 0.8, 0.6, 0.4, 0.2]],
    ['llamacpp', [undefined, undefined, undefined, undefined, undefined]],
  ] as const)('is a number in the sense of %s', (flavour, numbers) => {
    const classes = [undefined, 'interactive', 'trainer', 'batch', 'audit'] as const;
    expect(
      classes.map((each) => marksOf(FLAVOURS[flavour], BOTH, callOf('t', each), CHAT)['priority']),
    ).toEqual(numbers);
  });

  it('is not told unless that is wanted', () => {
    const off = { priority: false, isolate: false };
    expect(marksOf(FLAVOURS.vllm, off, callOf('t', 'audit'), CHAT)).toEqual({});
  });
});

describe('the salt of a prefix cache', () => {
  const saltFor = (team: string, fields: { rubric?: string; salt?: unknown } = {}, isolate = true): unknown =>
    marksOf(FLAVOURS.vllm, { priority: false, isolate }, callOf(team), { ...CHAT, ...fields })['cache_salt'];

  it('is the same for one team and rubric, and another for any other', () => {
    const salts = [
      saltFor('a'),
      saltFor('b'),
      saltFor('a', { rubric: 'r' }),
      saltFor('b', { rubric: 'r' }),
      saltFor('a', { salt: 'r' }),
    ];
    expect(new Set(salts).size).toBe(5);
    expect(saltFor('a', { rubric: 'r' })).toBe(salts[2]);
  });

  it('is never the one that a caller chose', () => {
    const taken = String(saltFor('a'));
    for (const isolate of [true, false]) {
      expect(saltFor('b', { salt: taken }, isolate)).toMatch(/^[\w-]{43}$/);
      expect(saltFor('b', { salt: taken }, isolate)).not.toBe(taken);
    }
  });

  it('is left out where the engine has none', () => {
    expect(marksOf(FLAVOURS.trtllm, BOTH, callOf('a'), { kind: 'completion' })).not.toHaveProperty(
      'cache_salt',
    );
  });
});
