import { describe, expect, it } from 'vitest';
import type { ExtraCalls } from '../../../src/contracts/ledger.ts';
import type { LaneEvent } from '../../../src/contracts/quality.ts';
import type { Judge } from '../../../src/contracts/judge.ts';
import type { RoutingResult } from '../../../src/contracts/routing.ts';
import type { Item } from '../../../src/domain/item.ts';
import { judgmentOf } from '../../../src/domain/judgment.ts';
import type { OrderReading } from '../../../src/domain/preference.ts';
import { createCallStarter } from '../../../src/resilience/deadline.ts';
import { createAuditor } from '../../../src/routing/auditor.ts';
import { certify } from '../../../src/routing/certificates/certify.ts';
import { auditGiven } from '../../../src/routing/cached-audit.ts';
import { type CertifiedRouterOptions, createCertifiedRouter } from '../../../src/routing/certified-router.ts';
import { chainOf } from '../../../src/routing/chain.ts';
import { createPolicyGate } from '../../../src/routing/difficulty/policy-gate.ts';
import type { Spending } from '../../../src/routing/spending.ts';
import { createLanes } from '../../../src/routing/lanes.ts';
import { thresholdRule } from '../../../src/routing/threshold-rule.ts';
import { createSeededRandom } from '../../../src/statistics/random.ts';
import { createSystemClock } from '../../../src/telemetry/system-clock.ts';
import { openCall } from '../../fakes/engine.ts';
import { keyOfModel } from '../../fakes/judge-key.ts';

const TARGET = { agreement: 0.9, confidence: 0.9 };

/** Says P(a) as `opinion` tells, the same in both orders, under the model's name of the moment. */
function judgeOf(model: { name: string }, opinion: (item: Item) => number): Judge & { asked: number } {
  const judge = {
    name: model.name,
    asked: 0,
    async judge(item: Item, { orders = 'both', before }: Parameters<Judge['judge']>[1]) {
      judge.asked += 1;
      const a = opinion(item);
      const reading = (order: 'ab' | 'ba'): OrderReading => ({
        order,
        probabilities: { a, b: 1 - a, tie: 0 },
        worstCase: Math.max(a, 1 - a),
        censored: false,
        mass: 1,
      });
      const readings =
        orders === 'one' && before === undefined ? [reading('ab')] : [reading('ab'), reading('ba')];
      const key = keyOfModel(model.name, readings.length === 1 ? 'one' : 'both');
      return { ok: true as const, judgment: judgmentOf(readings, key), trail: [] };
    },
  };
  return judge;
}

/** Even items have a as the better response; the small judge is wrong on one in seven, and not sure there. */
function world(options: { readonly spending?: Spending } = {}) {
  const model = { name: 'small' };
  const state = { broken: false };
  const number = (item: Item): number => Number(item.id);
  const truth = (item: Item): number => (number(item) % 2 === 0 ? 0.99 : 0.01);
  const small = judgeOf(model, (item) => {
    const n = number(item);
    const right = n % 2 === 0;
    if (state.broken) return right ? 0.04 : 0.96;
    const isUnsure = n % 7 === 0;
    const strength = isUnsure ? 0.55 + (n % 5) / 100 : 0.9 + (n % 9) / 100;
    return right === isUnsure ? 1 - strength : strength;
  });
  const large = judgeOf({ name: 'large' }, truth);
  const events: LaneEvent[] = [];
  const auditor = createAuditor({
    calls: createCallStarter(createSystemClock()),
    concurrency: 4,
    waiting: 100,
  });
  const random = createSeededRandom(7);
  const lanes = createLanes('default', false, {
    target: TARGET,
    risk: 'marginal',
    auditShare: 0.2,
    certify: (items, about) => certify(items, { ...about, target: TARGET, seed: 1, createdAt: 0 }),
    reference: 'judge',
    now: () => 0,
    announce: (event) => events.push(event),
  });
  const remembered: string[] = [];
  const extra: ExtraCalls[] = [];
  const settings: CertifiedRouterOptions = {
    policy: 'default',
    chain: chainOf([{ tier: 'small', judge: small, orders: 'both' }]),
    reference: { tier: 'large', judge: large, rule: thresholdRule(0) },
    lanes,
    stratumOf: () => 'all',
    gate: createPolicyGate({
      policy: 'default',
      listedRatio: 0.05,
      random: { id: (prefix) => prefix, uniform: () => random.uniform() },
      later: (work) => work(),
    }),
    spending: options.spending ?? null,
    auditor,
    auditMs: 60_000,
    random: { id: (prefix) => prefix, uniform: () => random.uniform() },
    now: () => 0,
    remember: ({ id }) => remembered.push(id),
    keepCalls: (calls) => extra.push(calls),
  };
  const router = createCertifiedRouter(settings);
  let next = 0;
  /** Routes items one after the other; audits end before the next begins. */
  const route = async (count: number): Promise<RoutingResult[]> => {
    const results: RoutingResult[] = [];
    for (let i = 0; i < count; i += 1) {
      next += 1;
      const item: Item = {
        id: String(next),
        prompt: `prompt ${next}`,
        candidates: ['one', 'two'],
        rubric: undefined,
        metadata: {},
      };
      results.push(await router.route(item, openCall(), `vrd_${next}`));
      await auditor.idle();
    }
    return results;
  };
  return {
    settings,
    route,
    small,
    large,
    events,
    state,
    model,
    remembered,
    extra,
    lane: () => lanes.of('team', 'all'),
  };
}

function tiersOf(results: readonly RoutingResult[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { end } of results) {
    const tier = end.type === 'failed' ? 'failed' : end.tier;
    counts[tier] = (counts[tier] ?? 0) + 1;
  }
  return counts;
}

describe('the certified router', () => {
  it('asks the reference for everything until a certificate is proven, with the small judge in its shadow', async () => {
    const { route, small, events, remembered, extra } = world();
    const results = await route(99);
    expect(tiersOf(results)).toEqual({ large: 99 });
    expect(results[0]?.end).toMatchObject({ type: 'accepted', basis: 'reference', certificate: null });
    expect(results[0]?.decisions[0]).toEqual({
      tier: 'small',
      accepted: false,
      reason: 'no certificate: 0 of 100 observations for the first certificate',
    });
    expect(small.asked).toBe(198);
    expect(events).toEqual([]);
    expect(remembered.slice(0, 2)).toEqual(['vrd_1', 'vrd_2']);
    // Calls in the shadow of a reply are told, to be paid for.
    expect(extra.length).toBe(198);
    expect(extra[0]).toMatchObject({
      verdictId: 'vrd_1',
      team: 'team',
      policy: 'default',
      purpose: 'shadow',
      after: 0,
    });
  });

  it('lets the small judge decide what the certificate allows, and keeps the agreement', async () => {
    const { route, events, large } = world();
    await route(100);
    expect(events.map(({ type }) => type)).toEqual(['certified']);
    const before = large.asked;
    const results = await route(400);
    const { small = 0, large: escalated = 0 } = tiersOf(results);
    expect(small).toBeGreaterThan(240);
    expect(small + escalated).toBe(400);
    const first = results.find(({ end }) => end.type === 'accepted' && end.tier === 'small');
    expect(first?.end).toMatchObject({ basis: 'certificate', certificate: expect.stringMatching(/^crt_/) });
    expect(first?.decisions.at(-1)?.reason).toMatch(/^P\(agree\) 0\.\d+ >= 0\.\d+ \(crt_/);
    // Escalations, and audits of one in five of the rest.
    expect(large.asked - before).toBeGreaterThan(escalated);
    expect(large.asked - before).toBeLessThan(400 * 0.65);
  });

  it('withdraws a certificate when audits show that it no longer holds, and goes back to the reference', async () => {
    const { route, events, state, lane } = world();
    await route(100);
    expect(lane().certificate()).not.toBeNull();
    state.broken = true;
    await route(300);
    expect(events.map(({ type }) => type).slice(0, 3)).toEqual(['certified', 'alarm', 'withdrawn']);
    expect(events[1]?.detail).toMatch(/audited items were wrong where at most 10\.0 % may be/);
    expect(lane().certificate()).toBeNull();
    expect(tiersOf(await route(20))).toEqual({ large: 20 });
  });

  it('does not use a certificate for another build of the judge, and starts over when the build has changed', async () => {
    const { route, events, model, lane } = world();
    await route(100);
    const old = lane().certificate()?.id;
    model.name = 'small-awq';
    const results = await route(10);
    expect(tiersOf(results)).toEqual({ large: 10 });
    expect(results[0]?.decisions[0]?.reason).toContain(`${old} is void`);
    await route(400);
    expect(events.map(({ type }) => type)).toEqual(['certified', 'withdrawn', 'certified']);
    expect(events[1]?.detail).toContain('another model, build or prompt');
    expect(lane().certificate()?.stages[0]?.judge.parts.model).toBe('small-awq');
  });

  it('ends as over_budget when there is no money for what the certificate demands', async () => {
    const problem = { code: 'over_budget' as const, message: 'no money for 5 s', param: null };
    const { route } = world({
      spending: {
        consider: async ({ accepted }) =>
          accepted ? { action: 'accept', reason: '' } : { action: 'stop', inclusion: 0.5, problem },
        settle: () => undefined,
        level: () => 0,
      },
    });
    const [result] = await route(1);
    expect(result).toMatchObject({ end: { type: 'failed', problem }, inclusion: 0.5 });
  });

  it('says what is known of a lane', async () => {
    const { route, lane } = world();
    await route(150);
    expect(lane().quality()).toMatchObject({
      team: 'team',
      policy: 'default',
      stratum: 'all',
      state: 'certified',
      refusal: null,
      nextLook: 200,
    });
    expect(lane().quality().reason).toMatch(/^crt_[0-9a-z]+: \d+ % of \d+ items accepted/);
  });
});

describe('a label that is given again', () => {
  const itemOf = (n: number): Item => ({
    id: String(n),
    prompt: `prompt ${n}`,
    candidates: ['one', 'two'],
    rubric: undefined,
    metadata: {},
  });
  /** A label of the certificate in force, right or wrong for even items. */
  const stored = (certificate: string | null, a: number): RoutingResult => ({
    end: {
      type: 'accepted',
      tier: 'small',
      judgment: judgmentOf(
        [{ order: 'ab', probabilities: { a, b: 1 - a, tie: 0 }, worstCase: 0.9, censored: false, mass: 1 }],
        keyOfModel('small'),
      ),
      certificate,
      basis: certificate === null ? 'reference' : 'certificate',
    },
    trail: [],
    decisions: [],
    difficulty: null,
    inclusion: 1,
  });

  it('is an audit of the certificate that released it, and withdraws it when too many are wrong', async () => {
    const { route, settings, lane, events } = world();
    await route(400);
    const { certificate, audited } = lane().quality();
    expect(certificate).not.toBeNull();
    const audit = (n: number, a: number) =>
      auditGiven(
        settings,
        { item: itemOf(n), result: stored(certificate, a), verdictId: `again ${n}`, probability: 0.2 },
        openCall(),
      );
    expect(await audit(1_002, 0.98)).toBe('a');
    expect(lane().quality()).toMatchObject({ audited: audited + 1, disagreed: 0 });
    for (let n = 1_004; lane().quality().certificate === certificate && n < 1_200; n += 2) {
      expect(await audit(n, 0.02)).toBe('a');
    }
    expect(events.map(({ type }) => type)).toContain('withdrawn');
  });

  it("is compared with the reference alone when it was the reference's", async () => {
    const { settings, small, large, lane, extra } = world();
    const given = { item: itemOf(2), result: stored(null, 0.98), verdictId: 'again', probability: 0.2 };
    expect(await auditGiven(settings, given, openCall())).toBe('a');
    expect([small.asked, large.asked, lane().quality().observations]).toEqual([0, 1, 0]);
    expect(extra).toMatchObject([{ verdictId: 'again', purpose: 'audit', after: 0 }]);
  });
});
