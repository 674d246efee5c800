import { describe, expect, it } from 'vitest';
import { createFairQueue } from '../../../src/batching/fair-queue.ts';
import type { QueueSettings } from '../../../src/batching/settings.ts';
import type { CallClass } from '../../../src/contracts/call.ts';
import { GatewayError } from '../../../src/domain/errors.ts';
import { manualClock } from '../../fakes/clock.ts';
import { heldEngine, promptOf, turn } from '../../fakes/held-engine.ts';

const SETTINGS: QueueSettings = {
  maximumWaiting: 100,
  maximumBytes: 1_000_000,
  promoteAfterMs: 1_000,
  reserve: 0.125,
  shareOf: () => 1,
};

function setUp(settings: Partial<QueueSettings> = {}, places: number | null = 1) {
  const held = heldEngine();
  held.state.places = places;
  const clock = manualClock();
  const queue = createFairQueue({
    engine: held.engine,
    capacity: held.capacity,
    settings: { ...SETTINGS, ...settings },
    clock,
  });
  const ask = (
    name: string,
    { of, team = 'red', tokens = 100, withinMs = 60_000 }: Asking = {},
  ): { answer: ReturnType<typeof queue.distribution>; controller: AbortController } => {
    const controller = new AbortController();
    const call = {
      requestId: name,
      team,
      signal: controller.signal,
      deadline: clock.monotonic() + withinMs,
      ...(of === undefined ? {} : { class: of }),
    };
    return { answer: queue.distribution(promptOf(tokens), call), controller };
  };
  const running = (): string[] => held.held.map(({ call }) => call.requestId);
  /** Ends the oldest call at the engine; tells who goes next. */
  const finish = async (usedTokens = 100): Promise<string | undefined> => {
    const before = new Set(held.held);
    held.held[0]?.answer({ inputTokens: usedTokens - 1, cachedInputTokens: 0, outputTokens: 1 });
    await turn();
    return held.held.find((each) => !before.has(each))?.call.requestId;
  };
  const order = async (count: number): Promise<(string | undefined)[]> => {
    const names: (string | undefined)[] = [];
    for (let n = 0; n < count; n += 1) names.push(await finish());
    return names;
  };
  return { ...held, clock, queue, ask, running, finish, order };
}

interface Asking {
  readonly of?: CallClass;
  readonly team?: string;
  readonly tokens?: number;
  readonly withinMs?: number;
}

describe('a free place', () => {
  it('lets a call pass in the same turn, with nothing in the queue and no wait in its report', async () => {
    const { ask, running, finish, queue } = setUp();
    const { answer } = ask('one');
    expect(running()).toEqual(['one']);
    await finish();
    expect((await answer).report.queuedMs).toBe(0);
    expect(queue.queue()).toMatchObject({ waiting: 0, waitingBytes: 0, running: 0, capacity: 1 });
  });

  it('is not needed when no replica takes calls: the engine says so itself', async () => {
    const { ask, running, setPlaces } = setUp({}, 1);
    ask('one');
    ask('two');
    expect(running()).toEqual(['one']);
    setPlaces(null);
    await turn();
    ask('three');
    expect(running()).toEqual(['one', 'two', 'three']);
  });
});

describe('a place that came without a word', () => {
  it('goes to who waits, not to who comes', async () => {
    const { ask, running, state } = setUp();
    ask('first');
    ask('waits');
    state.places = 2;
    ask('comes');
    await turn();
    expect(running()).toEqual(['first', 'waits']);
  });
});

describe('who goes next', () => {
  it('is of the most urgent class, and in a class who came first', async () => {
    const { ask, order } = setUp();
    ask('first');
    ask('audit', { of: 'audit' });
    ask('batch', { of: 'batch' });
    ask('trainer', { of: 'trainer' });
    ask('interactive-1');
    ask('interactive-2', { of: 'interactive' });
    expect(await order(5)).toEqual(['interactive-1', 'interactive-2', 'trainer', 'batch', 'audit']);
  });

  it('is of the team that was served least for its share', async () => {
    const { ask, order } = setUp({ shareOf: (team) => (team === 'blue' ? 2 : 1) });
    ask('first', { team: 'green' });
    for (let n = 1; n <= 4; n += 1) ask(`red-${n}`, { team: 'red' });
    for (let n = 1; n <= 4; n += 1) ask(`blue-${n}`, { team: 'blue' });
    expect(await order(6)).toEqual(['red-1', 'blue-1', 'blue-2', 'red-2', 'blue-3', 'blue-4']);
  });

  it('goes by the tokens that a call really took, not by the guess', async () => {
    const { ask, finish } = setUp();
    ask('first', { team: 'green' });
    for (let n = 1; n <= 3; n += 1) ask(`red-${n}`, { team: 'red' });
    for (let n = 1; n <= 4; n += 1) ask(`blue-${n}`, { team: 'blue' });
    expect(await finish()).toBe('red-1');
    // The guess was 100.
    expect(await finish(400)).toBe('blue-1');
    expect(await finish()).toBe('blue-2');
    expect(await finish()).toBe('blue-3');
    expect(await finish()).toBe('blue-4');
    expect(await finish()).toBe('red-2');
  });

  it('gives nothing for time in which a team asked for nothing', async () => {
    const { ask, order, finish } = setUp();
    ask('first', { team: 'green' });
    for (let n = 1; n <= 6; n += 1) ask(`red-${n}`, { team: 'red' });
    expect(await order(3)).toEqual(['red-1', 'red-2', 'red-3']);
    for (let n = 1; n <= 3; n += 1) ask(`blue-${n}`, { team: 'blue' });
    const next = await order(4);
    expect(next.filter((name) => name?.startsWith('blue'))).toHaveLength(2);
    await finish();
  });

  it('counts what the engine has in its cache as nothing to compute', async () => {
    const held = heldEngine();
    const clock = manualClock();
    const queue = createFairQueue({ ...held, settings: SETTINGS, clock });
    const ask = (affinity: string): void => {
      const { signal } = new AbortController();
      void queue.distribution(promptOf(101, affinity), {
        requestId: '',
        team: 'red',
        signal,
        deadline: 60_000,
      });
    };
    for (const affinity of ['seen', 'seen', 'seen']) ask(affinity);
    held.held[0]?.answer({ inputTokens: 100, cachedInputTokens: 80, outputTokens: 1 });
    await turn();
    ask('seen');
    const [line] = queue.queue().lines;
    // 101 was guessed for the one that came before, 21 for the one after: 80 of its 100 tokens are cached.
    expect(line).toMatchObject({ waiting: 2, waitingTokens: 122 });
  });
});

describe('batch and audit', () => {
  it('leave a reserve of the places free for who is more urgent', async () => {
    const { ask, running } = setUp({}, 16);
    for (let n = 1; n <= 20; n += 1) ask(`batch-${n}`, { of: 'batch' });
    expect(running()).toHaveLength(14);
    ask('now');
    expect(running()).toHaveLength(15);
    expect(running().at(-1)).toBe('now');
  });

  it('leave it among what the engine works on while urgent calls come: what waits inside it is before them', async () => {
    const { ask, running, state, clock, finish } = setUp({}, 22);
    state.working = 16;
    for (let n = 1; n <= 40; n += 1) ask(`batch-${n}`, { of: 'batch' });
    // Nobody is in a hurry: the engine may hold some more than it works on.
    expect(running()).toHaveLength(19);
    ask('now');
    for (let n = 1; n <= 6; n += 1) await finish();
    expect(running()).toHaveLength(14);
    clock.advance(10_001);
    await finish();
    expect(running()).toHaveLength(19);
  });

  it('get the only place of an engine that has one', () => {
    const { ask, running } = setUp({}, 1);
    ask('batch', { of: 'batch' });
    expect(running()).toEqual(['batch']);
  });

  it('get a place out of turn after 15 that went to others, once they wait for long', async () => {
    const { ask, order, clock } = setUp();
    ask('first');
    ask('batch', { of: 'batch' });
    for (let n = 1; n <= 40; n += 1) ask(`i-${n}`);
    // Before their time is over no number of others gives them a turn.
    expect(await order(16)).toEqual(Array.from({ length: 16 }, (_, n) => `i-${n + 1}`));
    clock.advance(500);
    expect(await order(1)).toEqual(['i-17']);
    clock.advance(500);
    expect(await order(2)).toEqual(['batch', 'i-18']);
  });

  it('get a place of the reserve when they wait for long, though nobody comes or goes', async () => {
    const { ask, running, clock } = setUp({}, 8);
    for (let n = 1; n <= 7; n += 1) ask(`i-${n}`);
    ask('batch', { of: 'batch' });
    clock.advance(999);
    await turn();
    expect(running()).toHaveLength(7);
    clock.advance(1);
    await turn();
    expect(running().at(-1)).toBe('batch');
  });
});

describe('a call that waits', () => {
  it('leaves at once when its caller does, and its place in the queue is free', async () => {
    const { ask, queue, order } = setUp({ maximumWaiting: 1 });
    ask('first');
    const gone = ask('gone');
    gone.controller.abort(new GatewayError('cancelled', 'the caller went away'));
    expect((await gone.answer).result).toMatchObject({
      ok: false,
      failure: { code: 'cancelled', sent: false },
    });
    expect(queue.queue().waiting).toBe(0);
    ask('next');
    expect(await order(1)).toEqual(['next']);
  });

  it('leaves when it could not be answered in its time any more, and tells how long it waited', async () => {
    const { ask, clock, state } = setUp();
    state.typicalMs = 200;
    ask('first');
    const { answer } = ask('late', { withinMs: 1_000 });
    clock.advance(799);
    await turn();
    clock.advance(1);
    const { result, report } = await answer;
    expect(result).toMatchObject({ ok: false, failure: { code: 'deadline_exceeded', sent: false } });
    expect(report).toMatchObject({ attempts: 0, replica: null, queuedMs: 800 });
  });

  it('tells in its report how long it waited', async () => {
    const { ask, clock, finish } = setUp();
    ask('first');
    const { answer } = ask('second');
    clock.advance(120);
    await finish();
    await finish();
    expect((await answer).report.queuedMs).toBe(120);
  });

  it('goes on waiting while the settings change', async () => {
    const { ask, queue, order } = setUp();
    ask('first', { team: 'green' });
    ask('red', { team: 'red' });
    ask('blue', { team: 'blue' });
    ask('blue-2', { team: 'blue' });
    queue.configure({ ...SETTINGS, maximumWaiting: 0, shareOf: (team) => (team === 'blue' ? 10 : 1) });
    expect(queue.queue().waiting).toBe(3);
    expect(await order(3)).toEqual(['red', 'blue', 'blue-2']);
  });

  it('ends as draining when the engine is closed', async () => {
    const { ask, queue, state } = setUp();
    ask('first');
    const { answer } = ask('second');
    await queue.close();
    expect((await answer).result).toMatchObject({ ok: false, failure: { code: 'draining' } });
    expect(state.closed).toBe(true);
  });
});

describe('a full queue', () => {
  it('refuses with a time to come again', async () => {
    const { ask } = setUp({ maximumWaiting: 1 });
    ask('first');
    ask('second');
    expect((await ask('third').answer).result).toMatchObject({
      ok: false,
      failure: { code: 'overloaded', sent: false, retryAfterMs: 1_000 },
    });
  });

  it('is also one whose texts take too many bytes', async () => {
    const { ask, queue } = setUp({ maximumBytes: 2_000 });
    ask('first');
    ask('second', { tokens: 201 });
    expect(queue.queue().waitingBytes).toBe(1_600);
    expect((await ask('third', { tokens: 101 }).answer).result.ok).toBe(false);
    expect(queue.queue().waitingBytes).toBe(1_600);
  });

  it('makes room for who is more urgent by sending away the last of the least urgent', async () => {
    const { ask, order } = setUp({ maximumWaiting: 2 });
    ask('first');
    ask('batch-1', { of: 'batch' });
    const last = ask('batch-2', { of: 'batch' });
    ask('now');
    expect((await last.answer).result).toMatchObject({ ok: false, failure: { code: 'overloaded' } });
    expect(await order(2)).toEqual(['now', 'batch-1']);
  });

  it('makes room for a team that has few in it at the cost of the one that fills it', async () => {
    const { ask, order } = setUp({ maximumWaiting: 3 });
    ask('first', { team: 'green' });
    ask('red-1');
    ask('red-2');
    const last = ask('red-3');
    ask('blue-1', { team: 'blue' });
    expect((await last.answer).result.ok).toBe(false);
    expect((await ask('red-4').answer).result.ok).toBe(false);
    expect(await order(3)).toEqual(['red-1', 'blue-1', 'red-2']);
  });
});

describe('a call whose turn would come too late', () => {
  it('is not told so by the pace of the first call of an engine that has just begun', async () => {
    const { ask, queue, clock, finish } = setUp();
    ask('first');
    for (let n = 1; n <= 15; n += 1) ask(`red-${n}`);
    clock.advance(1_500);
    await finish();
    expect(queue.queue().lines).toMatchObject([{ waiting: 14, expectedMs: null }]);
    ask('late', { withinMs: 900 });
    expect(queue.queue().waiting).toBe(15);
    clock.advance(1_500);
    await finish();
    expect(queue.queue().lines).toMatchObject([{ expectedMs: 19_500 }]);
  });

  /** An engine that takes 100 ms for each 100 tokens, with a second of work waiting. */
  async function busy() {
    const queue = setUp();
    queue.ask('first');
    for (let n = 1; n <= 15; n += 1) queue.ask(`red-${n}`);
    for (let n = 1; n <= 5; n += 1) {
      queue.clock.advance(100);
      await queue.finish();
    }
    return queue;
  }

  it('is refused at once, with the time after which it would have its turn', async () => {
    const { ask, queue } = await busy();
    expect(queue.queue().lines).toMatchObject([
      { team: 'red', waiting: 10, waitingTokens: 1_000, expectedMs: 1_000 },
    ]);
    expect((await ask('late', { withinMs: 900 }).answer).result).toMatchObject({
      ok: false,
      failure: { code: 'overloaded', sent: false, retryAfterMs: 1_000 },
    });
  });

  it('waits when it is of another team, or more urgent than those who wait', async () => {
    const { ask, queue } = await busy();
    ask('blue', { team: 'blue', withinMs: 900 });
    expect(queue.queue().waiting).toBe(11);
  });

  it('is held as long as its deadline allows when it is a trainer’s', async () => {
    const { ask, queue, clock } = await busy();
    const { answer } = ask('trainer', { of: 'trainer', withinMs: 900 });
    expect(queue.queue().waiting).toBe(11);
    clock.advance(900);
    expect((await answer).result).toMatchObject({ ok: false, failure: { code: 'deadline_exceeded' } });
  });
});
