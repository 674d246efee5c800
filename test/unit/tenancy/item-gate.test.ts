import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Call, CallClass } from '../../../src/contracts/call.ts';
import type { BudgetOwner } from '../../../src/contracts/budgets.ts';
import type { Entered } from '../../../src/contracts/item-gate.ts';
import { GatewayError } from '../../../src/domain/errors.ts';
import { createItemGate } from '../../../src/tenancy/items/gate.ts';

function gateWith(limits: Readonly<Record<string, number>>) {
  const most = new Map(Object.entries(limits)) as Map<BudgetOwner, number>; // keys are owners in every test
  const gate = createItemGate({ mostOf: (owner) => most.get(owner), limited: () => most.keys() });
  return { gate, most };
}

function callOf(team: string, policy?: string, of?: CallClass) {
  const controller = new AbortController();
  const call: Call = {
    requestId: 'req_1',
    team,
    policy,
    signal: controller.signal,
    deadline: Infinity,
    ...(of === undefined ? {} : { class: of }),
  };
  const abort = (): void => controller.abort(new GatewayError('deadline_exceeded', 'too late'));
  return { call, abort };
}

describe('limits of items at once', () => {
  it('refuse who does not wait, and let in who does when another leaves', async () => {
    const { gate } = gateWith({ 'team:rm': 1 });
    const first = await gate.enter(callOf('rm').call);
    expect(() => gate.admit(callOf('rm').call)).toThrow(
      new GatewayError('rate_limited', 'the team rm has 1 items under way, as many as it may have at once', {
        retryAfterSeconds: 1,
      }),
    );
    expect(() => gate.admit(callOf('other').call)).not.toThrow();
    const trainer = callOf('rm', undefined, 'trainer').call;
    expect(() => gate.admit(trainer)).not.toThrow();
    const second = gate.enter(trainer);
    expect(gate.states()).toEqual([{ owner: 'team:rm', most: 1, underWay: 1, waiting: 1 }]);
    if (first.ok) first.leave();
    expect((await second).ok).toBe(true);
    expect(gate.states()).toEqual([{ owner: 'team:rm', most: 1, underWay: 1, waiting: 0 }]);
  });

  it('end a wait with the call', async () => {
    const { gate } = gateWith({ 'policy:p': 1 });
    await gate.enter(callOf('a', 'p').call);
    const { call, abort } = callOf('b', 'p', 'batch');
    const waiting = gate.enter(call);
    abort();
    expect(await waiting).toEqual({
      ok: false,
      problem: { code: 'deadline_exceeded', message: 'too late', param: null },
    });
    expect(gate.states()).toEqual([{ owner: 'policy:p', most: 1, underWay: 1, waiting: 0 }]);
  });

  it('let nobody wait for a limit that was lifted', async () => {
    const { gate, most } = gateWith({ 'team:rm': 1 });
    await gate.enter(callOf('rm').call);
    const waiting = gate.enter(callOf('rm', undefined, 'batch').call);
    most.delete('team:rm');
    gate.changed();
    expect((await waiting).ok).toBe(true);
  });

  type Step =
    | { readonly do: 'enter'; readonly team: string; readonly policy: string | undefined }
    | { readonly do: 'leave' | 'abort'; readonly which: number }
    | { readonly do: 'change'; readonly owner: string; readonly most: number };

  const step: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('enter' as const),
        team: fc.constantFrom('a', 'b'),
        policy: fc.constantFrom('p', 'q', undefined),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constantFrom('leave' as const, 'abort' as const), which: fc.nat() }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('change' as const),
        owner: fc.constantFrom('team:a', 'policy:p'),
        most: fc.integer({ min: 1, max: 4 }),
      }),
    },
  );

  interface Asked {
    readonly abort: () => void;
    entered: Entered | null;
    isOver: boolean;
  }

  /** Carries the steps out and tells who asked; every step is followed to its end. */
  class Play {
    readonly asked: Asked[] = [];
    readonly limits = gateWith({ 'team:a': 2, 'policy:p': 1 });

    async take(step: Step): Promise<void> {
      const { gate, most } = this.limits;
      if (step.do === 'enter') {
        const { call, abort } = callOf(step.team, step.policy, 'batch');
        const asked: Asked = { abort, entered: null, isOver: false };
        this.asked.push(asked);
        void Promise.resolve(gate.enter(call)).then((entered) => (asked.entered = entered));
      } else if (step.do === 'change') {
        for (const owner of most.keys()) if (owner === step.owner) most.set(owner, step.most);
        gate.changed();
      } else this.end(step.do, step.which);
      await new Promise((resolve) => setImmediate(resolve));
    }

    end(how: 'leave' | 'abort', which: number): void {
      // Only who is inside can leave, only who waits can give up.
      const open = this.asked.filter(
        ({ isOver, entered }) => !isOver && (how === 'leave' ? entered?.ok === true : entered === null),
      );
      const one = open[which % Math.max(1, open.length)];
      if (one === undefined) return;
      if (one.entered?.ok === true) one.entered.leave();
      else one.abort();
      one.isOver = true;
    }
  }

  it('are never passed, leak nothing, and keep nobody waiting beside free room', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const play = new Play();
        const { gate } = play.limits;
        for (const each of steps) {
          const before = new Map(gate.states().map((state) => [state.owner, state.underWay]));
          await play.take(each);
          for (const { owner, most, underWay, waiting } of gate.states()) {
            // A limit that was lowered is reached as items leave; none enters above it.
            expect(underWay).toBeLessThanOrEqual(Math.max(most, before.get(owner) ?? 0));
            if (waiting > 0) expect(underWay).toBeGreaterThanOrEqual(most);
          }
        }
        for (let left = play.asked.length * 2; left > 0; left -= 1)
          await play.take({ do: 'leave', which: 0 });
        expect(gate.states().map(({ underWay, waiting }) => underWay + waiting)).toEqual([0, 0]);
        expect(play.asked.every(({ entered }) => entered !== null)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});
