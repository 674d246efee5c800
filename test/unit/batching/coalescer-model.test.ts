import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coalesce } from '../../../src/batching/coalescer.ts';
import type { DistributionReply, EngineFailure, EngineResult } from '../../../src/contracts/engine.ts';
import { batchingReplica, massOf } from '../../fakes/batching-replica.ts';
import { manualClock } from '../../fakes/clock.ts';
import { call, type ContractCall } from '../../contracts/replica-calls.ts';

/** What may happen, in any order. Numbers choose among what is there at that moment. */
type Event =
  | { readonly is: 'submit'; readonly bad: boolean; readonly labels: string; readonly deadlineMs: number }
  | { readonly is: 'leave' | 'expire' | 'answer'; readonly which: number }
  | { readonly is: 'fail'; readonly which: number; readonly how: 'dead' | 'busy' | 'broken' }
  | { readonly is: 'advance'; readonly ms: number };

const which = fc.nat(1_000);
const submit = fc.record({
  is: fc.constant('submit' as const),
  bad: fc.oneof({ weight: 7, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  labels: fc.constantFrom('one@1', 'other@1'),
  deadlineMs: fc.constantFrom(3, 40, 1_000),
});
const events: fc.Arbitrary<Event[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: submit },
    { weight: 1, arbitrary: fc.record({ is: fc.constantFrom('leave' as const, 'expire' as const), which }) },
    { weight: 3, arbitrary: fc.record({ is: fc.constant('answer' as const), which }) },
    {
      weight: 1,
      arbitrary: fc.record({
        is: fc.constant('fail' as const),
        which,
        how: fc.constantFrom('dead' as const, 'busy' as const, 'broken' as const),
      }),
    },
    { weight: 3, arbitrary: fc.record({ is: fc.constant('advance' as const), ms: fc.nat(6) }) },
  ),
  { minLength: 5, maxLength: 60 },
);

const FAILURES: Readonly<Record<'dead' | 'busy' | 'broken', EngineFailure>> = {
  dead: { code: 'engine_unavailable', message: 'it died', sent: true, blamesReplica: true },
  busy: { code: 'overloaded', message: 'it is busy', sent: false, blamesReplica: false },
  broken: { code: 'engine_error', message: 'HTTP 500', sent: true, blamesReplica: false },
};

interface Submitted {
  readonly content: string;
  readonly call: ContractCall;
  /** How its caller ended it, if it did so while it was open. */
  ended: 'cancelled' | 'deadline_exceeded' | null;
  readonly ends: EngineResult<DistributionReply>[];
}

/** Lets every promise that can go on do so. */
const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

class World {
  readonly clock = manualClock();
  readonly engine = batchingReplica();
  readonly submitted: Submitted[] = [];
  /** Texts of the questions in calls that failed as a whole, by the failure's code. */
  readonly failedIn = new Map<string, Set<string>>();
  readonly replica = coalesce(
    this.engine.replica,
    { windowMs: 5, maximum: 6, tokens: 50, needsCachedTokens: false },
    this.clock,
  );

  submit(event: Extract<Event, { readonly is: 'submit' }>): void {
    const number = this.submitted.length;
    // Some 10 tokens each: a call leaves at 50 of them, before it has 6 questions.
    const content = `${event.bad ? 'bad' : 'q'}${number} ${'x'.repeat(20 + (number % 3) * 20)}`;
    const own = { ...call(`req_${number}`), deadline: this.clock.monotonic() + event.deadlineMs };
    const submitted: Submitted = { content, call: own, ended: null, ends: [] };
    this.submitted.push(submitted);
    const request = { labels: event.labels, messages: [{ role: 'user', content }] };
    void this.replica.distribution(request, own).then((end) => submitted.ends.push(end));
  }

  end(place: number, how: 'cancelled' | 'deadline_exceeded'): void {
    const one = this.submitted[place % Math.max(1, this.submitted.length)];
    if (one === undefined || one.ends.length > 0 || one.ended !== null) return;
    one.ended = how;
    if (how === 'cancelled') one.call.cancel();
    else one.call.expire();
  }

  /** The clock goes on, and with it the deadlines of calls: their signals are the gateway's to abort. */
  advance(ms: number): void {
    this.clock.advance(ms);
    for (const [place, { call: own }] of this.submitted.entries()) {
      if (own.deadline <= this.clock.monotonic()) this.end(place, 'deadline_exceeded');
    }
  }

  answer(place: number): void {
    const { out } = this.engine;
    out[place % Math.max(1, out.length)]?.answer();
  }

  fail(place: number, how: 'dead' | 'busy' | 'broken'): void {
    const { out } = this.engine;
    const chosen = out[place % Math.max(1, out.length)];
    if (chosen === undefined) return;
    const failure = FAILURES[how];
    const known = this.failedIn.get(failure.code) ?? new Set();
    for (const content of chosen.contents) known.add(content);
    this.failedIn.set(failure.code, known);
    chosen.fail(failure);
  }

  async play(all: readonly Event[]): Promise<void> {
    for (const event of all) {
      if (event.is === 'submit') this.submit(event);
      else if (event.is === 'advance') this.advance(event.ms);
      else if (event.is === 'answer') this.answer(event.which);
      else if (event.is === 'fail') this.fail(event.which, event.how);
      else this.end(event.which, event.is === 'leave' ? 'cancelled' : 'deadline_exceeded');
      // Two of three events meet what the one before has left behind, the third comes in its midst.
      if (event.is !== 'submit' || this.submitted.length % 3 !== 0) await settle();
    }
    this.clock.advance(10);
    await settle();
    for (let rounds = 0; this.engine.out.length > 0 && rounds < 200; rounds += 1) {
      this.answer(0);
      await settle();
    }
  }
}

describe('coalescing, whatever happens', () => {
  it('loses no question, asks none twice that was answered, and gives every answer to its own caller', async () => {
    await fc.assert(
      fc.asyncProperty(events, async (all) => {
        const world = new World();
        await world.play(all);
        for (const { content, ended, ends } of world.submitted) {
          expect(ends).toHaveLength(1);
          const [end] = ends;
          if (end?.ok === true) {
            expect(end.value.distribution.mass).toBe(massOf(content));
            expect(content).toMatch(/^q/);
            continue;
          }
          const code = end?.failure.code ?? '';
          if (ended !== null) expect([ended, 'engine_rejected', ...world.failedIn.keys()]).toContain(code);
          else if (code === 'engine_rejected') expect(content).toMatch(/^bad/);
          else expect([...(world.failedIn.get(code) ?? [])]).toContain(content);
        }
        checkCalls(world);
      }),
      { numRuns: 1_000 },
    );
  }, 60_000);

  it('lets only its own end, a refusal of itself or a failing engine keep a question from its answer', async () => {
    const calm = events.map((all) => all.filter(({ is }) => is !== 'fail'));
    await fc.assert(
      fc.asyncProperty(calm, async (all) => {
        const world = new World();
        await world.play(all);
        for (const { content, ended, ends } of world.submitted) {
          const [end] = ends;
          const code = end?.ok === false ? end.failure.code : 'ok';
          const own = content.startsWith('bad') ? 'engine_rejected' : 'ok';
          expect(ended === null ? [own] : [own, ended]).toContain(code);
        }
      }),
      { numRuns: 300 },
    );
  }, 60_000);
});

/** No call is larger than allowed, mixes label sets or has a question twice; none is out when all is over. */
function checkCalls({ engine, submitted }: World): void {
  expect(engine.out).toEqual([]);
  const answered = submitted.filter(({ ends }) => ends[0]?.ok === true).map(({ content }) => content);
  for (const { contents } of engine.made) {
    expect(contents.length).toBeLessThanOrEqual(6);
    expect(new Set(contents).size).toBe(contents.length);
    const tokens = contents.reduce((sum, { length }) => sum + 1 + Math.ceil(length / 4), 0);
    if (contents.length > 1) expect(tokens).toBeLessThanOrEqual(50);
  }
  for (const content of answered) {
    const calls = engine.made.filter(({ contents }) => contents.includes(content));
    expect(calls.filter(({ isAnswered }) => isAnswered)).toHaveLength(1);
    // Asked again only after a call that failed as a whole: at most once for each halving of 6.
    expect(calls.length).toBeLessThanOrEqual(4);
  }
}
