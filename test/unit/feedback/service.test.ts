import { describe, expect, it } from 'vitest';
import type { ItemInput } from '../../../src/contracts/feedback.ts';
import type { Router, RoutingResult } from '../../../src/contracts/routing.ts';
import { GatewayError } from '../../../src/domain/errors.ts';
import type { Item } from '../../../src/domain/item.ts';
import { preferenceRunner } from '../../../src/feedback/runners.ts';
import { createFeedbackService } from '../../../src/feedback/service.ts';
import { createSystemClock } from '../../../src/telemetry/system-clock.ts';
import { countingRandom } from '../../fakes/clock.ts';
import { openCall } from '../../fakes/engine.ts';
import { keyOfModel } from '../../fakes/judge-key.ts';

function input(id: string): ItemInput {
  return {
    ok: true,
    item: { id, prompt: 'p', candidates: [id, 'other'], rubric: undefined, metadata: { of: id } },
  };
}

function accepted(a: number, b: number, tie: number): RoutingResult {
  const judgment = {
    key: keyOfModel('fake'),
    probabilities: { a, b, tie },
    confidence: Math.max(a, b, tie),
    orderGap: 0,
    labelMass: 1,
    readings: [],
    flags: [],
  };
  const end = { type: 'accepted', tier: 'small', judgment, certificate: null, basis: 'threshold' } as const;
  return { end, trail: [], decisions: [], difficulty: null, inclusion: 1 };
}

function serviceWith(route: (item: Item) => RoutingResult | Promise<RoutingResult>, concurrency = 4) {
  const errors: unknown[] = [];
  const router: Router = { route: async (item) => route(item) };
  const logger = {
    info: () => undefined,
    warn: () => undefined,
    error: (fields: unknown) => void errors.push(fields),
    flush: () => undefined,
  };
  const service = createFeedbackService({
    policies: new Map([
      ['default', { tasks: new Map([['preference', preferenceRunner(router)]]), concurrency }],
    ]),
    items: { admit: () => undefined, enter: () => ({ ok: true, leave: () => undefined }) },
    random: countingRandom(),
    logger,
    clock: createSystemClock(),
  });
  return { service, errors };
}

describe('the feedback service', () => {
  it('answers every item, in order, each by its own fate', async () => {
    const { service, errors } = serviceWith((item) => {
      if (item.id === 'boom') throw new Error('a defect');
      if (item.id === 'tied') return accepted(0.2, 0.2, 0.6);
      if (item.id === 'late') {
        return {
          end: { type: 'failed', problem: { code: 'deadline_exceeded', message: 'late', param: null } },
          trail: [],
          decisions: [],
          difficulty: null,
          inclusion: 1,
        };
      }
      return accepted(0.9, 0.1, 0);
    });
    const broken: ItemInput = {
      ok: false,
      id: 'broken',
      metadata: {},
      problem: { code: 'invalid_request', message: 'items[1].prompt is empty', param: 'items[1].prompt' },
    };
    const verdicts = await service.judge(
      'preference',
      'default',
      [input('fine'), broken, input('boom'), input('tied'), input('late'), input('fine2')],
      openCall(),
    );
    expect(verdicts.map((verdict) => [verdict.itemId, verdict.outcome, verdict.label])).toEqual([
      ['fine', 'ok', 'a'],
      ['broken', 'invalid_item', null],
      ['boom', 'engine_failed', null],
      ['tied', 'tie', 'tie'],
      ['late', 'timed_out', null],
      ['fine2', 'ok', 'a'],
    ]);
    expect(verdicts[0]).toMatchObject({
      flags: ['uncertified'],
      metadata: { of: 'fine' },
      tier: 'small',
      problem: null,
    });
    expect(verdicts[2]?.problem).toEqual({
      code: 'internal',
      message: 'judging failed inside Assay',
      param: null,
    });
    expect(errors).toHaveLength(1);
    expect(new Set(verdicts.map((verdict) => verdict.id)).size).toBe(6);
  });

  it('keeps to its concurrency and to the order of the items', async () => {
    let running = 0;
    let most = 0;
    const { service } = serviceWith(async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return accepted(0.9, 0.1, 0);
    }, 3);
    const ids = Array.from({ length: 20 }, (_, i) => `item-${i}`);
    const verdicts = await service.judge('preference', 'default', ids.map(input), openCall());
    expect(verdicts.map((verdict) => verdict.itemId)).toEqual(ids);
    expect(most).toBe(3);
  });

  it('judges nothing more once the call is over, and says why', async () => {
    const controller = new AbortController();
    controller.abort(new GatewayError('deadline_exceeded', 'no answer within 5 ms'));
    const { service } = serviceWith(() => accepted(0.9, 0.1, 0));
    const [verdict] = await service.judge('preference', 'default', [input('x')], openCall(controller.signal));
    expect(verdict).toMatchObject({
      outcome: 'timed_out',
      label: null,
      problem: { message: 'no answer within 5 ms' },
    });
  });

  it('refuses a policy that is not there', async () => {
    const { service } = serviceWith(() => accepted(0.9, 0.1, 0));
    await expect(service.judge('preference', 'nope', [], openCall())).rejects.toMatchObject({
      code: 'not_found',
    });
  });
});
