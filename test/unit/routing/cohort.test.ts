import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Call } from '../../../src/contracts/call.ts';
import type { CohortRules, Ranked } from '../../../src/contracts/ranking.ts';
import type { Router } from '../../../src/contracts/routing.ts';
import { GatewayError } from '../../../src/domain/errors.ts';
import type { Item } from '../../../src/domain/item.ts';
import { createCohortBook } from '../../../src/routing/ranking/cohort-book.ts';
import { type ManualClock, manualClock } from '../../fakes/clock.ts';
import { routerByLength } from '../../fakes/length-router.ts';

const rulesOf = (router: Router, rest: Partial<CohortRules> = {}): CohortRules => ({
  policy: 'p',
  router,
  resolvedAt: 1,
  concurrency: 4,
  waitMs: 30_000,
  whenIncomplete: 'rank',
  ...rest,
});

/** A group on one book, with callers that can leave. */
function cohortOf(
  size: number,
  rest: Partial<CohortRules> = {},
  wishes: Item['wishes'] = {},
  failing?: () => boolean,
) {
  const clock: ManualClock = manualClock();
  const { router, asked } = routerByLength(failing);
  const book = createCohortBook(clock);
  const rules = rulesOf(router, rest);
  const join = (n: number, deadline = 60_000, text = 'x'.repeat(n + 1)) => {
    const control = new AbortController();
    const call: Call = { requestId: `r${n}`, team: 't', signal: control.signal, deadline };
    const item: Item = {
      id: `i${n}`,
      prompt: 'p',
      candidates: [text],
      rubric: undefined,
      wishes: { ...wishes, cohort: { id: 'g', size } },
      metadata: {},
    };
    const ranked = book.join({ item, verdictId: `v${n}`, rules }, call);
    return { ranked, leave: () => control.abort(new GatewayError('cancelled', 'the caller left')) };
  };
  return { clock, asked, book, join };
}

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
};

function rankingOf({ end }: Ranked) {
  if (end.type !== 'ranked') throw new Error(end.problem.message);
  return end;
}

describe('a cohort', () => {
  it('compares as candidates come, before the group is there', async () => {
    const { join, asked } = cohortOf(4, {}, { method: 'all_pairs' });
    const first = join(0);
    expect(asked).toEqual([]);
    join(1);
    expect(asked).toEqual(['x/xx']);
    join(2);
    await settled();
    expect(asked.toSorted()).toEqual(['x/xx', 'x/xxx', 'xx/xxx']);
    join(3);
    const { result, flags } = rankingOf(await first.ranked);
    expect(result.order).toEqual([3, 2, 1, 0]);
    expect(result.comparisons).toEqual({ judged: 6, failed: 0, possible: 6 });
    expect(result.cohort).toEqual({ id: 'g', size: 4, members: ['i0', 'i1', 'i2', 'i3'], position: 0 });
    expect(flags).toEqual([]);
    expect(asked).toHaveLength(6);
  });

  it('ranks what came, flagged, when the time from the first candidate is over', async () => {
    const { join, clock } = cohortOf(3, { waitMs: 5_000 });
    const first = join(0);
    join(1);
    clock.advance(5_000);
    const { result, flags } = rankingOf(await first.ranked);
    expect(result.rewards).toHaveLength(2);
    expect(flags).toEqual(['incomplete']);
    expect((await join(2).ranked).end).toMatchObject({
      problem: { message: 'cohort "g" was closed with 2 of 3 candidates; take another id for another group' },
    });
  });

  it('closes when a waiting caller has a fifth of its time left, and forgets callers that left', async () => {
    const { join, clock, asked } = cohortOf(3);
    const hurried = join(0, 1_000);
    const patient = join(1, 20_000);
    hurried.leave();
    expect((await hurried.ranked).end).toMatchObject({ type: 'failed', problem: { code: 'cancelled' } });
    let isOver = false;
    void patient.ranked.then(() => {
      isOver = true;
    });
    clock.advance(15_999);
    await settled();
    expect(isOver).toBe(false);
    clock.advance(1);
    expect(rankingOf(await patient.ranked).result.rewards).toHaveLength(2);
    expect(asked).toEqual(['x/xx']);
  });

  it('keeps the candidate of a caller that left, and gives its reward when the item comes again', async () => {
    const { join } = cohortOf(3);
    const gone = join(0);
    const second = join(1);
    gone.leave();
    await gone.ranked;
    const back = join(0);
    join(2);
    expect(rankingOf(await back.ranked).result.cohort?.position).toBe(0);
    expect(rankingOf(await second.ranked).result.rewards).toHaveLength(3);
    const late = await join(2).ranked;
    expect(late.trail).toEqual([]);
    expect(rankingOf(late).result.cohort?.position).toBe(2);
  });

  it('is forgotten when nobody waits any more', async () => {
    const { join } = cohortOf(2);
    const gone = join(0);
    gone.leave();
    await gone.ranked;
    const other = join(5);
    join(6);
    expect(rankingOf(await other.ranked).result.cohort?.members).toEqual(['i5', 'i6']);
  });

  it('may be tried again when its judges failed', async () => {
    let isBroken = true;
    const { join } = cohortOf(2, {}, {}, () => isBroken);
    const first = join(0);
    join(1);
    expect((await first.ranked).end).toMatchObject({ problem: { code: 'engine_error' } });
    isBroken = false;
    const again = join(0);
    join(1);
    expect(rankingOf(await again.ranked).result.order).toEqual([1, 0]);
  });

  it('takes equal texts of two items for two candidates with one reward', async () => {
    const { join, asked } = cohortOf(3);
    const first = join(0, 60_000, 'same');
    join(1, 60_000, 'same');
    join(2, 60_000, 'longer one');
    const { rewards } = rankingOf(await first.ranked).result;
    expect(rewards[0]).toBe(rewards[1]);
    expect(asked).toEqual(['same/longer one']);
  });

  it('has a bound of open groups for each team', async () => {
    const book = createCohortBook(manualClock());
    const rules = rulesOf(routerByLength().router);
    const joinOf = (team: string, n: number): Promise<Ranked> =>
      book.join(
        {
          item: {
            id: 'i',
            prompt: 'p',
            candidates: ['c'],
            rubric: undefined,
            wishes: { cohort: { id: `g${n}`, size: 2 } },
            metadata: {},
          },
          verdictId: 'v',
          rules,
        },
        { requestId: 'r', team, signal: new AbortController().signal, deadline: 60_000 },
      );
    for (let n = 0; n < 1_024; n += 1) void joinOf('t', n);
    expect((await joinOf('t', 2_000)).end).toMatchObject({ problem: { code: 'overloaded' } });
    const other = joinOf('u', 0);
    expect(await Promise.race([other, Promise.resolve('waits')])).toBe('waits');
  });

  it('counts every call once, in one verdict, whoever leaves and comes back', async () => {
    const step = fc.record({ who: fc.nat(4), does: fc.constantFrom('join', 'leave', 'wait') });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 24 }), fc.boolean(), async (steps, isAll) => {
        const { join, asked, clock } = cohortOf(5, {}, { method: isAll ? 'all_pairs' : 'adaptive' });
        const joined: { who: number; one: ReturnType<typeof join> }[] = [];
        for (const { who, does } of steps) {
          if (does === 'join') joined.push({ who, one: join(who) });
          else if (does === 'leave') joined.findLast((each) => each.who === who)?.one.leave();
          else await settled();
        }
        await settled();
        clock.advance(30_000);
        const all = await Promise.all(joined.map(({ one }) => one.ranked));
        expect(all.reduce((sum, { trail }) => sum + trail.length, 0)).toBe(asked.length);
        const rewards = all.flatMap(({ end }) => (end.type === 'ranked' ? [end.result.rewards] : []));
        for (const each of rewards) expect(each.reduce((sum, one) => sum + one, 0)).toBeCloseTo(0, 9);
      }),
      { numRuns: 100 },
    );
  });
});
