import { describe, expect, it } from 'vitest';
import type { Judge } from '../../../src/contracts/judge.ts';
import type { Tier } from '../../../src/contracts/routing.ts';
import type { ErrorCode } from '../../../src/domain/errors.ts';
import type { Item } from '../../../src/domain/item.ts';
import type { JudgeReply } from '../../../src/domain/judgment.ts';
import { createCascade } from '../../../src/routing/cascade.ts';
import { thresholdRule } from '../../../src/routing/threshold-rule.ts';
import { openCall } from '../../fakes/engine.ts';
import { keyOfModel } from '../../fakes/judge-key.ts';

const item: Item = { id: 'i', prompt: 'p', candidates: ['x', 'y'], rubric: undefined, metadata: {} };

function says(a: number, b: number, tie = 0): JudgeReply {
  const judgment = {
    key: keyOfModel('fake'),
    probabilities: { a, b, tie },
    confidence: Math.max(a, b, tie),
    orderGap: 0,
    labelMass: 1,
    readings: [],
    flags: [],
  };
  return { ok: true, judgment, trail: [] };
}

function fails(code: ErrorCode): JudgeReply {
  return { ok: false, problem: { code, message: `no: ${code}`, param: null }, trail: [] };
}

function tier(
  name: string,
  reply: JudgeReply | (() => JudgeReply),
  acceptAt: number,
): Tier & { readonly asked: () => number } {
  let asked = 0;
  const judge: Judge = {
    name,
    async judge() {
      asked += 1;
      return typeof reply === 'function' ? reply() : reply;
    },
  };
  return { name, judge, rule: thresholdRule(acceptAt), asked: () => asked };
}

describe('the cascade', () => {
  it('stops at the first tier that is sure', async () => {
    const large = tier('large', says(0.2, 0.8), 0);
    const result = await createCascade([tier('small', says(0.95, 0.05), 0.9), large]).route(
      item,
      openCall(),
      'vrd_1',
    );
    expect(result.end).toMatchObject({ type: 'accepted', tier: 'small', certificate: null });
    expect(result.decisions).toEqual([{ tier: 'small', accepted: true, reason: 'confidence 0.95 >= 0.90' }]);
    expect(large.asked()).toBe(0);
  });

  it('asks the next tier when one is not sure', async () => {
    const result = await createCascade([
      tier('small', says(0.7, 0.3), 0.9),
      tier('large', says(0.3, 0.7), 0),
    ]).route(item, openCall(), 'vrd_1');
    expect(result.end).toMatchObject({
      type: 'accepted',
      tier: 'large',
      judgment: { probabilities: { b: 0.7 } },
    });
    expect(result.decisions.map(({ reason }) => reason)).toEqual([
      'confidence 0.70 < 0.90',
      'confidence 0.70 >= 0.00',
    ]);
  });

  it('passes over a tier that failed', async () => {
    const result = await createCascade([
      tier('small', fails('engine_unavailable'), 0.9),
      tier('large', says(0.6, 0.4), 0),
    ]).route(item, openCall(), 'vrd_1');
    expect(result.end).toMatchObject({ type: 'accepted', tier: 'large' });
    expect(result.decisions[0]).toEqual({ tier: 'small', accepted: false, reason: 'no: engine_unavailable' });
  });

  it('never falls back to a label that was not accepted', async () => {
    const result = await createCascade([
      tier('small', says(0.7, 0.3), 0.9),
      tier('large', fails('engine_error'), 0),
    ]).route(item, openCall(), 'vrd_1');
    expect(result.end).toEqual({
      type: 'failed',
      problem: { code: 'engine_error', message: 'no: engine_error', param: null },
    });
  });

  it('abstains when the last tier is not sure enough, or its orders cancel out', async () => {
    const unsure = await createCascade([tier('large', says(0.55, 0.45), 0.6)]).route(
      item,
      openCall(),
      'vrd_1',
    );
    expect(unsure.end).toMatchObject({ type: 'abstained', tier: 'large' });
    const cancelled = await createCascade([tier('large', says(0.5, 0.5), 0)]).route(
      item,
      openCall(),
      'vrd_1',
    );
    expect(cancelled.end).toMatchObject({ type: 'abstained' });
    expect(cancelled.decisions[0]?.reason).toBe('the two orders cancel each other out');
  });

  it('asks nobody else once the caller has left', async () => {
    const controller = new AbortController();
    const large = tier('large', says(0.9, 0.1), 0);
    const small = tier(
      'small',
      () => {
        controller.abort();
        return fails('cancelled');
      },
      0.9,
    );
    const result = await createCascade([small, large]).route(item, openCall(controller.signal), 'vrd_1');
    expect(result.end).toMatchObject({ type: 'failed', problem: { code: 'cancelled' } });
    expect(large.asked()).toBe(0);
  });
});
