import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createGatherer } from '../../../src/batching/gatherer.ts';
import type { Call } from '../../../src/contracts/call.ts';
import type { DistributionReply, DistributionRequest, EngineResult } from '../../../src/contracts/engine.ts';
import type { Judge } from '../../../src/contracts/judge.ts';
import type { Item } from '../../../src/domain/item.ts';
import type { JudgeReply } from '../../../src/domain/judgment.ts';
import { GatewayError } from '../../../src/domain/errors.ts';
import { createFence } from '../../../src/judging/fence.ts';
import { createSeveralJudge } from '../../../src/judging/several-judge.ts';
import { manualClock } from '../../fakes/clock.ts';
import { failure, openCall, reply, scriptedEngine } from '../../fakes/engine.ts';
import { seededRandom } from '../../fakes/seeded-random.ts';

const template = {
  name: 'preference/many',
  version: 1,
  task: 'preference' as const,
  defaultRubric: 'r',
  labels: { first: ['A'], second: ['B'], tie: ['C'] },
  messages: [{ role: 'user' as const, content: '{{rubric}}|{{items}}' }],
  item: '{{number}};{{nonce}};{{prompt}};{{first}};{{second}}',
};

/** `share` is P(a) of the item in every order; the texts say it, so that an answer tells whose it is. */
function itemOf(share: number, rubric?: string): Item {
  return {
    id: `i${share}`,
    prompt: `p${share}`,
    candidates: [`a${share}`, `b${share}`],
    rubric: rubric === undefined ? undefined : { id: rubric, text: rubric },
    metadata: {},
  };
}

interface ShownLine {
  readonly number: number;
  readonly share: number;
  readonly isSwapped: boolean;
}

function linesOf({ messages }: DistributionRequest): ShownLine[] {
  const [, items = ''] = messages[0]?.content.split('|') ?? [];
  return items.split('\n\n').map((line) => {
    const [number, , prompt = '', first = ''] = line.split(';');
    return { number: Number(number), share: Number(prompt.slice(1)), isSwapped: first.startsWith('b') };
  });
}

/** What a model says that looks at nothing but the item. */
function answerOf(
  request: DistributionRequest,
  isRead: (line: ShownLine) => boolean,
): EngineResult<DistributionReply> {
  const numbered = linesOf(request).map((line) => {
    const share = line.isSwapped ? 0.9 - line.share : line.share;
    const said = reply(share, 0.9 - share, 0.1);
    if (!said.ok) throw new Error('no reply');
    return isRead(line) ? said.value.distribution : { ...said.value.distribution, mass: 0 };
  });
  const [distribution] = numbered;
  if (distribution === undefined) throw new Error('no item');
  const usage = { inputTokens: 101, cachedInputTokens: 20, outputTokens: 4 * numbered.length };
  return { ok: true, value: { distribution, numbered, usage, fingerprint: 'vllm-test' } };
}

type Script = Parameters<typeof scriptedEngine>[0];

function world(script: Script, itemsPerPrompt = 4, orders: 'both' | 'one' = 'both') {
  const clock = manualClock();
  const engine = scriptedEngine(script);
  const judge = createSeveralJudge({
    name: 'many',
    engine,
    engineKind: 'openai/vllm',
    template,
    orders,
    fence: createFence('a secret'),
    itemsPerPrompt,
    random: { id: (prefix) => prefix, uniform: seededRandom(7) },
    gather: (ask) => createGatherer({ windowMs: 5, maximum: itemsPerPrompt, tokens: 10_000 }, ask, clock),
  });
  return { clock, engine, judge };
}

const ask = (
  judge: Judge,
  item: Item,
  call: Call = openCall(),
  orders?: 'one' | 'both',
): Promise<JudgeReply> =>
  judge.judge(item, { tier: 'small', ...(orders === undefined ? {} : { orders }) }, call);

const readsAll: Script = (request) => answerOf(request, () => true);

describe('a judge of several items in one prompt', () => {
  it('asks them in one prompt for each order, the second time from the last to the first', async () => {
    const { engine, judge } = world(readsAll);
    const shares = [0.1, 0.3, 0.5, 0.7];
    const answers = await Promise.all(shares.map((share) => ask(judge, itemOf(share))));
    expect(engine.requests.map(({ numbered }) => numbered)).toEqual([4, 4]);
    const [first = [], second = []] = engine.requests.map(linesOf);
    expect(second.map(({ share }) => share)).toEqual(first.map(({ share }) => share).toReversed());
    expect(first.map(({ number }) => number)).toEqual([1, 2, 3, 4]);
    for (const [i, answer] of answers.entries()) {
      if (!answer.ok) throw new Error(answer.problem.message);
      expect(answer.judgment.probabilities.a).toBeCloseTo(shares[i] ?? 0, 12);
      const place = first.findIndex(({ share }) => share === shares[i]) + 1;
      expect(answer.trail.map(({ part, coalesced }) => [part, coalesced])).toEqual([
        [`item ${place} of 4`, 4],
        [`item ${5 - place} of 4`, 4],
      ]);
      expect(new Set(answer.trail.map(({ order }) => order))).toEqual(new Set(['ab', 'ba']));
      expect(answer.judgment.key.parts).toMatchObject({ prompt: 'preference/many@1', orders: 'both' });
    }
  });

  it('is another judge with another number of items', async () => {
    const keys = [];
    for (const most of [2, 3]) {
      const { clock, judge } = world(readsAll, most);
      const asked = ask(judge, itemOf(0.3));
      clock.advance(5);
      const answer = await asked;
      if (answer.ok) keys.push(answer.judgment.key.id);
    }
    expect(new Set(keys).size).toBe(2);
  });

  it('shares out money and tokens so that they add up to what the calls took', async () => {
    const { judge } = world(readsAll);
    const answers = await Promise.all(
      [0.1, 0.33, 0.5]
        .map((share) => ask(judge, itemOf(share)))
        .concat(ask(judge, { ...itemOf(0.7), prompt: 'p0.7' })),
    );
    const costs = answers.flatMap(({ trail }) => trail.map(({ cost }) => cost));
    const sum = (of: (cost: (typeof costs)[number]) => number): number =>
      costs.reduce((all, cost) => all + of(cost), 0);
    expect(sum(({ nanoUsd }) => nanoUsd)).toBe(2_000);
    expect(sum(({ usage }) => usage.inputTokens)).toBe(202);
    expect(sum(({ usage }) => usage.cachedInputTokens)).toBe(40);
    expect(sum(({ usage }) => usage.outputTokens)).toBe(32);
    expect(sum(({ engineSeconds }) => engineSeconds)).toBeCloseTo(1, 12);
  });

  it('asks an item by itself whose label is not in its place, and tells what that cost', async () => {
    const { engine, judge } = world((request) =>
      answerOf(request, ({ share }) => share !== 0.3 || request.numbered === 1),
    );
    const answers = await Promise.all([0.1, 0.3, 0.5, 0.7].map((share) => ask(judge, itemOf(share))));
    expect(answers.map(({ ok }) => ok)).toEqual([true, true, true, true]);
    expect(engine.requests.map(({ numbered }) => numbered)).toEqual([4, 4, 1, 1]);
    const trail = answers[1]?.trail ?? [];
    expect(trail).toHaveLength(2);
    for (const entry of trail) {
      expect(entry).toMatchObject({ part: 'item 1 of 1', coalesced: 1, attempts: 2, problem: null });
      expect(entry.cost.nanoUsd).toBe(1_000 + (entry.retryNanoUsd ?? 0));
      expect(entry.retryNanoUsd).toBeGreaterThan(200);
    }
    expect(answers[0]?.trail[0]?.retryNanoUsd).toBeUndefined();
  });

  it('is unparseable where an item says nothing even by itself', async () => {
    const { clock, judge } = world((request) => answerOf(request, ({ share }) => share !== 0.3));
    const asked = [0.1, 0.3].map((share) => ask(judge, itemOf(share)));
    clock.advance(5);
    const [good, bad] = await Promise.all(asked);
    expect(good?.ok).toBe(true);
    expect(bad).toMatchObject({ ok: false, problem: { code: 'unparseable' } });
  });

  it('lets no item suffer from one that the engine refuses', async () => {
    const { judge, engine } = world((request) =>
      linesOf(request).some(({ share }) => share === 0.3)
        ? failure('context_overflow')
        : readsAll(request, openCall()),
    );
    const answers = await Promise.all([0.1, 0.3, 0.5, 0.7].map((share) => ask(judge, itemOf(share))));
    expect(answers.map((answer) => (answer.ok ? 'ok' : answer.problem.code))).toEqual([
      'ok',
      'context_overflow',
      'ok',
      'ok',
    ]);
    expect(engine.requests.map(({ numbered }) => numbered)).toEqual([4, 4, ...Array(8).fill(1)]);
  });

  it('asks nobody again after a deadline', async () => {
    const { judge, engine } = world(() => failure('deadline_exceeded'));
    const answers = await Promise.all([0.1, 0.3, 0.5, 0.7].map((share) => ask(judge, itemOf(share))));
    expect(answers.every((answer) => !answer.ok && answer.problem.code === 'deadline_exceeded')).toBe(true);
    expect(engine.requests).toHaveLength(2);
  });

  it('never brings teams, policies, classes, rubrics or numbers of orders together', async () => {
    const { clock, judge, engine } = world(readsAll);
    const call = openCall();
    const asked = [
      ask(judge, itemOf(0.1)),
      ask(judge, itemOf(0.2), { ...call, team: 'other' }),
      ask(judge, itemOf(0.3), { ...call, policy: 'strict' }),
      ask(judge, itemOf(0.4), { ...call, class: 'batch' }),
      ask(judge, itemOf(0.5, 'harmless')),
      ask(judge, itemOf(0.6), call, 'one'),
      ask(judge, itemOf(0.7)),
    ];
    clock.advance(5);
    await Promise.all(asked);
    const prompts = engine.requests.map((request) =>
      linesOf(request)
        .map(({ share }) => share)
        .toSorted(),
    );
    expect(prompts.filter(({ length }) => length > 1)).toEqual([
      [0.1, 0.7],
      [0.1, 0.7],
    ]);
  });

  it('goes on for the others when a caller leaves, who pay for the whole', async () => {
    const gate = Promise.withResolvers<void>();
    const { judge } = world(async (request) => {
      await gate.promise;
      return answerOf(request, () => true);
    });
    const leaving = new AbortController();
    const left = ask(judge, itemOf(0.1), openCall(leaving.signal));
    const others = [0.3, 0.5, 0.7].map((share) => ask(judge, itemOf(share)));
    leaving.abort(new GatewayError('cancelled', 'the caller left'));
    expect(await left).toMatchObject({ ok: false, problem: { code: 'cancelled' }, trail: [{ attempts: 1 }] });
    gate.resolve();
    const answers = await Promise.all(others);
    expect(answers.map(({ ok }) => ok)).toEqual([true, true, true]);
    const money = answers.flatMap(({ trail }) => trail).reduce((sum, { cost }) => sum + cost.nanoUsd, 0);
    expect(money).toBe(2_000);
  });

  it('completes an earlier judgment in one order by the other alone', async () => {
    const { clock, judge, engine } = world(readsAll);
    const one = ask(judge, itemOf(0.3), openCall(), 'one');
    clock.advance(5);
    const before = await one;
    if (!before.ok) throw new Error(before.problem.message);
    const both = judge.judge(itemOf(0.3), { tier: 'small', before: before.judgment }, openCall());
    clock.advance(5);
    const answer = await both;
    if (!answer.ok) throw new Error(answer.problem.message);
    expect(engine.requests).toHaveLength(2);
    expect(answer.judgment.readings.map(({ order }) => order).toSorted()).toEqual(['ab', 'ba']);
    expect(answer.judgment.probabilities.a).toBeCloseTo(0.3, 12);
  });

  it('gives each of many items its own answer, whoever comes, leaves, fails or is not read', async () => {
    const event = fc.record({
      team: fc.constantFrom('red', 'blue'),
      waitMs: fc.constantFrom(0, 0, 2, 6),
      fate: fc.constantFrom('read', 'read', 'read', 'unread', 'refused', 'leaves'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 14 }), async (events) => {
        const fateOf = ({ share }: ShownLine): string => events[Math.round(share * 100) - 1]?.fate ?? '';
        const { clock, judge, engine } = world((request) => {
          const lines = linesOf(request);
          if (lines.some((line) => fateOf(line) === 'refused')) return failure('engine_error');
          return answerOf(request, (line) => fateOf(line) !== 'unread');
        }, 3);
        const asked = events.map(({ team, waitMs, fate }, i) => {
          const caller = new AbortController();
          const answer = ask(judge, itemOf((i + 1) / 100), { ...openCall(caller.signal), team });
          if (fate === 'leaves') caller.abort(new GatewayError('cancelled', 'the caller left'));
          if (waitMs > 0) clock.advance(waitMs);
          return answer;
        });
        clock.advance(5);
        for (const [i, answer] of (await Promise.all(asked)).entries()) {
          const expected = {
            read: 'ok',
            unread: 'unparseable',
            refused: 'engine_error',
            leaves: 'cancelled',
          };
          expect(answer.ok ? 'ok' : answer.problem.code).toBe(expected[events[i]?.fate ?? 'read']);
          if (answer.ok) expect(answer.judgment.probabilities.a).toBeCloseTo((i + 1) / 100, 9);
        }
        for (const request of engine.requests) {
          const teams = linesOf(request).map(({ share }) => events[Math.round(share * 100) - 1]?.team);
          expect(new Set(teams).size).toBe(1);
          expect(teams.length).toBeLessThanOrEqual(3);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
