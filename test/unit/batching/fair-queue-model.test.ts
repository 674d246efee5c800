import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFairQueue, type FairQueue } from '../../../src/batching/fair-queue.ts';
import type { CallClass } from '../../../src/contracts/call.ts';
import { GatewayError } from '../../../src/domain/errors.ts';
import { manualClock } from '../../fakes/clock.ts';
import { heldEngine, promptOf, turn } from '../../fakes/held-engine.ts';

/**
 * The queue against a plain model of what it promises, over random interleavings of calls that come, leave, end
 * and fail, of time, and of engines that bear more or less.
 */

const CLASSES: readonly CallClass[] = ['interactive', 'trainer', 'batch', 'audit'];
const MAXIMUM_WAITING = 8;
const MAXIMUM_BYTES = 20_000;
const PROMOTE_AFTER_MS = 500;

interface Asked {
  readonly name: string;
  readonly class: CallClass;
  readonly team: string;
  readonly bytes: number;
  readonly since: number;
  readonly controller: AbortController;
  state: 'waiting' | 'running' | 'ended';
  /** Times that its promise settled. */
  ends: number;
  code: string | null;
}

type Action =
  | { readonly do: 'ask'; of: number; team: number; tokens: number; withinMs: number }
  | { readonly do: 'abort' | 'finish' | 'fail'; which: number; tokens: number }
  | { readonly do: 'advance'; ms: number }
  | { readonly do: 'places'; places: number | null };

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('ask' as const),
      of: fc.nat(3),
      team: fc.nat(2),
      tokens: fc.integer({ min: 2, max: 900 }),
      withinMs: fc.constantFrom(300, 2_000, 60_000),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('finish' as const, 'fail' as const, 'abort' as const),
      which: fc.nat(30),
      tokens: fc.integer({ min: 1, max: 2_000 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 700 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('places' as const),
      places: fc.option(fc.integer({ min: 1, max: 9 })),
    }),
  },
);

class Run {
  readonly held = heldEngine();
  readonly clock = manualClock();
  readonly queue: FairQueue;
  readonly asked: Asked[] = [];
  readonly wrong: string[] = [];

  constructor() {
    this.held.state.places = 2;
    this.queue = createFairQueue({
      ...this.held,
      settings: {
        maximumWaiting: MAXIMUM_WAITING,
        maximumBytes: MAXIMUM_BYTES,
        promoteAfterMs: PROMOTE_AFTER_MS,
        reserve: 0.25,
        shareOf: (team) => (team === 'team-2' ? 3 : 1),
      },
      clock: this.clock,
    });
    this.held.state.onStart = (_, { requestId }) => this.starts(requestId);
  }

  get waiting(): Asked[] {
    return this.asked.filter(({ state }) => state === 'waiting');
  }

  /** The engine gets a call: checked at that very moment. */
  starts(name: string): void {
    const call = this.asked.find((each) => each.name === name);
    if (call === undefined || call.state !== 'waiting') return void this.wrong.push(`${name} came twice`);
    const running = this.held.held.length;
    const { places } = this.held.state;
    if (places !== null && running >= places) this.wrong.push(`${name} is one too many`);
    const now = this.clock.monotonic();
    const others = this.waiting.filter((each) => each !== call);
    const isOutOfTurn = now - call.since >= PROMOTE_AFTER_MS;
    if (!isOutOfTurn && others.some((each) => rankOf(each) < rankOf(call)))
      this.wrong.push(`${name} overtook`);
    if (
      others.some((each) => isSameLine(each, call) && this.asked.indexOf(each) < this.asked.indexOf(call))
    ) {
      this.wrong.push(`${name} overtook one of its own`);
    }
    if (!isOutOfTurn && places !== null && rankOf(call) >= 2 && running >= patientPlaces(places)) {
      this.wrong.push(`${name} took from the reserve`);
    }
    call.state = 'running';
  }

  async act(step: Action): Promise<void> {
    if (step.do === 'ask') this.ask(step);
    else if (step.do === 'advance') this.clock.advance(step.ms);
    else if (step.do === 'places') this.held.setPlaces(step.places);
    else if (step.do === 'abort') {
      const open = this.asked.filter(({ state }) => state === 'waiting');
      open[step.which % open.length]?.controller.abort(new GatewayError('cancelled', 'the caller went away'));
    } else {
      const call = this.held.held[step.which % this.held.held.length];
      if (step.do === 'fail') call?.fail(step.tokens % 2 === 0);
      else call?.answer({ inputTokens: step.tokens, cachedInputTokens: 0, outputTokens: 1 });
    }
    await turn();
    this.check();
  }

  check(): void {
    const { waiting, asked } = this;
    const state = this.queue.queue();
    const bytes = waiting.reduce((sum, each) => sum + each.bytes, 0);
    this.claim(state.waiting === waiting.length, 'the count of those who wait is wrong');
    this.claim(waiting.length <= MAXIMUM_WAITING && bytes <= MAXIMUM_BYTES, 'the bounds are broken');
    this.claim(state.waitingBytes === bytes, 'the bytes of those who wait are wrong');
    const running = asked.filter((each) => each.state === 'running').length;
    this.claim(state.running === running && this.held.held.length === running, 'places got lost');
    const isOnce = asked.every((each) => each.ends === (each.state === 'ended' ? 1 : 0));
    this.claim(isOnce, 'a call ended twice, or never');
    const { places } = this.held.state;
    const [first] = waiting.toSorted((x, y) => rankOf(x) - rankOf(y));
    if (first === undefined) return;
    const mine = rankOf(first) >= 2 ? patientPlaces(places ?? 0) : (places ?? 0);
    this.claim(places !== null && running >= mine, `${first.name} waits beside a place that is his`);
  }

  claim(holds: boolean, otherwise: string): void {
    if (!holds) this.wrong.push(otherwise);
  }

  /** Lets everything end: nobody may be left. */
  async drain(): Promise<void> {
    for (let rounds = 0; rounds < 500 && this.held.held.length > 0; rounds += 1) {
      this.held.held[0]?.answer({ inputTokens: 10, cachedInputTokens: 0, outputTokens: 1 });
      await turn();
    }
    const left = this.asked.filter(({ state, ends }) => state !== 'ended' || ends !== 1);
    this.claim(left.length === 0, `${left.length} calls never ended`);
    const { waiting, waitingBytes, running, lines } = this.queue.queue();
    this.claim(waiting + waitingBytes + running + lines.length === 0, 'the queue is not empty');
  }

  ask({ of, team, tokens, withinMs }: Extract<Action, { do: 'ask' }>): void {
    const request = promptOf(tokens);
    const call: Asked = {
      name: `call-${this.asked.length}`,
      class: CLASSES[of] ?? 'interactive',
      team: `team-${team}`,
      bytes: 8 * (tokens - 1),
      since: this.clock.monotonic(),
      controller: new AbortController(),
      state: 'waiting',
      ends: 0,
      code: null,
    };
    this.asked.push(call);
    const answer = this.queue.distribution(request, {
      requestId: call.name,
      team: call.team,
      class: call.class,
      signal: call.controller.signal,
      deadline: call.since + withinMs,
    });
    void answer.then(({ result }) => {
      call.ends += 1;
      call.code = result.ok ? null : result.failure.code;
      if (call.state === 'waiting' && result.ok) this.wrong.push(`${call.name} was answered and never asked`);
      if (call.state === 'running' && call.code === 'overloaded')
        this.wrong.push(`${call.name} was refused late`);
      call.state = 'ended';
    });
  }
}

function rankOf({ class: of }: { readonly class: CallClass }): number {
  return CLASSES.indexOf(of);
}

function isSameLine(x: Asked, y: Asked): boolean {
  return x.class === y.class && x.team === y.team;
}

/** A quarter of the places is kept from batch and audit, rounded up; one is always theirs. */
function patientPlaces(places: number): number {
  return Math.max(1, places - Math.ceil(places / 4));
}

describe('the fair queue over random interleavings', () => {
  it('loses none, answers none twice, keeps its bounds and its order, and lets no place stand empty', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 1, maxLength: 60 }), async (steps) => {
        const run = new Run();
        for (const step of steps) await run.act(step);
        await run.drain();
        expect(run.wrong).toEqual([]);
      }),
      { numRuns: 1_000 },
    );
  }, 60_000);

  it('shares out tokens by the shares of the teams, whatever the sizes of their calls', async () => {
    const sizes = fc.array(fc.integer({ min: 2, max: 900 }), { minLength: 400, maxLength: 400 });
    await fc.assert(
      fc.asyncProperty(sizes, async (tokens) => {
        const held = heldEngine();
        const shares: Record<string, number> = { one: 1, two: 2, five: 5 };
        const queue = createFairQueue({
          ...held,
          settings: {
            maximumWaiting: 1_000,
            maximumBytes: 100_000_000,
            promoteAfterMs: 1_000,
            reserve: 0,
            shareOf: (team) => shares[team] ?? 1,
          },
          clock: manualClock(),
        });
        const served: Record<string, number> = { one: 0, two: 0, five: 0 };
        held.state.onStart = ({ messages }, { team }) => {
          served[team] = (served[team] ?? 0) + (messages[0]?.content.length ?? 0) / 4 + 1;
        };
        const { signal } = new AbortController();
        const ask = (team: string, size: number): unknown =>
          queue.distribution(promptOf(size), { requestId: '', team, signal, deadline: 1e9 });
        ask('other', 2);
        for (const team of ['one', 'two', 'five']) for (const size of tokens) ask(team, size);
        for (let n = 0; n < 300; n += 1) {
          const size = (held.held[0]?.request.messages[0]?.content.length ?? 0) / 4 + 1;
          held.held[0]?.answer({ inputTokens: size - 1, cachedInputTokens: 0, outputTokens: 1 });
          await turn();
        }
        const perShare = Object.entries(shares).map(([team, share]) => (served[team] ?? 0) / share);
        // No team is ahead by more than the largest call.
        expect(Math.max(...perShare) - Math.min(...perShare)).toBeLessThanOrEqual(900);
      }),
      { numRuns: 20 },
    );
  }, 60_000);
});
