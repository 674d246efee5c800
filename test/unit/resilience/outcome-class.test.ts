import { describe, expect, it } from 'vitest';
import type { EngineFailure } from '../../../src/contracts/engine.ts';
import { classify, type OutcomeClass } from '../../../src/resilience/outcome-class.ts';
import { failureOf } from '../../fakes/pool.ts';

type Row = [what: string, failure: EngineFailure, expected: OutcomeClass];

const quiet = { breaker: 'neutral', overload: false, crash: false } as const;

const ROWS: Row[] = [
  [
    'a connection that was refused',
    failureOf('engine_unavailable', { sent: false, blamesReplica: true }),
    { retry: 'elsewhere', breaker: 'fail', overload: false, crash: false, cost: 'none' },
  ],
  [
    'a connection that broke under the call',
    failureOf('engine_error', { blamesReplica: true }),
    { retry: 'elsewhere', breaker: 'fail', overload: false, crash: true, cost: 'partial' },
  ],
  [
    'invalid HTTP from an engine that lives',
    failureOf('engine_error', { blamesReplica: true, alive: true }),
    { retry: 'elsewhere', breaker: 'fail', overload: false, crash: false, cost: 'partial' },
  ],
  [
    'a 500, which may be the item’s doing',
    failureOf('engine_error'),
    { retry: 'once', breaker: 'suspect', overload: false, crash: false, cost: 'partial' },
  ],
  [
    'numbers that are none',
    failureOf('engine_corrupt', { blamesReplica: true }),
    { retry: 'elsewhere', breaker: 'fail', overload: false, crash: false, cost: 'partial' },
  ],
  [
    'a 429 or 503',
    failureOf('overloaded', { sent: false }),
    { retry: 'later', breaker: 'neutral', overload: true, crash: false, cost: 'none' },
  ],
  [
    'a reply over the limit',
    failureOf('engine_reply_too_large'),
    { ...quiet, retry: 'never', cost: 'partial' },
  ],
  ['a caller who left', failureOf('cancelled'), { ...quiet, retry: 'never', cost: 'partial' }],
  ['a deadline', failureOf('deadline_exceeded'), { ...quiet, retry: 'never', cost: 'partial' }],
  [
    'an item that is too long',
    failureOf('context_overflow', { sent: false }),
    { ...quiet, retry: 'never', cost: 'none' },
  ],
  ['a 400 or 422', failureOf('engine_rejected', { sent: false }), { ...quiet, retry: 'never', cost: 'none' }],
  [
    'a replica that serves another model',
    failureOf('model_not_found', { sent: false, blamesReplica: true }),
    { retry: 'elsewhere', breaker: 'fail', overload: false, crash: false, cost: 'none' },
  ],
];

describe('the table of outcomes', () => {
  it.each(ROWS)('says what %s means', (_, failure, expected) => {
    expect(classify(failure)).toEqual(expected);
  });

  it('holds a deadline against a replica only when it was asked and silent for too long', () => {
    expect(classify(failureOf('deadline_exceeded'), true).breaker).toBe('fail');
    expect(classify(failureOf('deadline_exceeded', { sent: false }), true).breaker).toBe('neutral');
  });
});
