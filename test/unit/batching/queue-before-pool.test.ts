import { describe, expect, it } from 'vitest';
import { createFairQueue } from '../../../src/batching/fair-queue.ts';
import type { GenerationEvent } from '../../../src/contracts/engine.ts';
import { openCall, reply } from '../../fakes/engine.ts';
import { failureOf, fakeReplica, poolOf, settle } from '../../fakes/pool.ts';

const REQUEST = { messages: [{ role: 'user' as const, content: 'which?' }], labels: 'l' };
const GENERATION = { kind: 'chat' as const, body: { messages: [{ role: 'user', content: 'hello' }] } };
const CHUNK: GenerationEvent = { type: 'chunk', data: '{}', value: {} };
const END: GenerationEvent = {
  type: 'end',
  usage: { inputTokens: 10, cachedInputTokens: 0, outputTokens: 5 },
};
const ONE_AT_A_TIME = { limit: { minimum: 1, initial: 1, maximum: 1 } };

/** The queue before a pool whose replicas bear one call each. */
async function setUp(count: number) {
  const replicas = Array.from({ length: count }, (_, n) => fakeReplica(`http://${n}`));
  const { pool, clock } = poolOf(
    replicas.map(({ replica }) => replica),
    ONE_AT_A_TIME,
  );
  const queue = createFairQueue({
    engine: pool,
    capacity: pool.capacity,
    settings: {
      maximumWaiting: 100,
      maximumBytes: 1e6,
      promoteAfterMs: 1_000,
      reserve: 0.125,
      shareOf: () => 1,
    },
    clock,
  });
  await settle();
  return { queue, clock, scripts: replicas.map(({ script }) => script) };
}

describe('the queue before a pool', () => {
  it('has as many places as the replicas bear, and more when one becomes ready', async () => {
    const { queue } = await setUp(3);
    expect(queue.queue()).toMatchObject({ running: 0, capacity: 3 });
  });

  it('lets a call try again on the place that it holds, while others wait', async () => {
    const { queue, clock, scripts } = await setUp(1);
    const [script] = scripts;
    let fails = 10;
    script!.answer = async () => {
      fails -= 1;
      return fails >= 0 && fails % 2 === 1
        ? { ok: false, failure: failureOf('overloaded', { sent: false }) }
        : reply(0.9, 0.1, 0);
    };
    const answers = Array.from({ length: 5 }, () => queue.distribution(REQUEST, openCall()));
    let ended = 0;
    for (const answer of answers) void answer.then(() => (ended += 1));
    for (let rounds = 0; rounds < 100 && ended < 5; rounds += 1) {
      await settle();
      clock.advance(100);
    }
    const all = await Promise.all(answers);
    expect(all.map(({ result }) => result.ok)).toEqual([true, true, true, true, true]);
    expect(all.map(({ report }) => report.attempts)).toEqual([2, 2, 2, 2, 2]);
    expect(queue.queue()).toMatchObject({ waiting: 0, running: 0 });
  });

  it('holds the place of a generation until its stream is over', async () => {
    const { queue, scripts } = await setUp(1);
    scripts[0]!.events = [CHUNK, CHUNK, END];
    const opened = await queue.generate(GENERATION, openCall());
    const next = queue.distribution(REQUEST, openCall());
    await settle();
    expect(queue.queue()).toMatchObject({ waiting: 1, running: 1 });
    const types: string[] = [];
    if (opened.ok) for await (const event of opened.value.events) types.push(event.type);
    expect(types).toEqual(['chunk', 'chunk', 'end']);
    expect((await next).result.ok).toBe(true);
    expect(queue.queue()).toMatchObject({ waiting: 0, running: 0 });
  });

  it('gets the place back when the reader of a stream leaves', async () => {
    const { queue, scripts } = await setUp(1);
    scripts[0]!.events = [CHUNK, CHUNK, END];
    const opened = await queue.generate(GENERATION, openCall());
    if (opened.ok) {
      for await (const event of opened.value.events) {
        if (event.type === 'chunk') break;
      }
    }
    await settle();
    expect(queue.queue()).toMatchObject({ running: 0 });
  });

  it('gets the place back some time after the deadline of a stream that nobody reads', async () => {
    const { queue, clock, scripts } = await setUp(1);
    scripts[0]!.events = [CHUNK, END];
    const opened = await queue.generate(GENERATION, { ...openCall(), deadline: clock.monotonic() + 500 });
    expect(opened.ok).toBe(true);
    expect(queue.queue()).toMatchObject({ running: 1 });
    clock.advance(2_500);
    expect(queue.queue()).toMatchObject({ running: 0 });
  });
});
