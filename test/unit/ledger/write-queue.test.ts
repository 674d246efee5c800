import { describe, expect, it } from 'vitest';
import { GatewayError } from '../../../src/domain/errors.ts';
import { type QueueEntry, WriteQueue } from '../../../src/ledger/write-queue.ts';
import { manualClock } from '../../fakes/clock.ts';

interface Numbered extends QueueEntry {
  readonly n: number;
}

/** A queue before a database that does as it is told. */
function world(mostBytes = 1_000) {
  const clock = manualClock();
  const batches: number[][] = [];
  const settled: [number, unknown][] = [];
  const changes: boolean[] = [];
  const database = { isAway: false, refuses: new Set<number>() };
  const queue = new WriteQueue<Numbered>({
    clock,
    mostBytes,
    async write(batch) {
      batches.push(batch.map(({ n }) => n));
      if (database.isAway) throw new GatewayError('storage_unavailable', 'away');
      if (batch.some(({ n }) => database.refuses.has(n))) throw new RangeError('refused');
    },
    changed: (problem) => changes.push(problem === null),
  });
  const add = (n: number, bytes = 10): void =>
    queue.add({ n, bytes, settle: (error) => settled.push([n, error]) });
  /** Lets promises that are due run. */
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await turn();
  };
  return { queue, add, batches, settled, changes, database, pass, turn };
}

describe('the write queue', () => {
  it('gathers for at most 100 ms and writes in order, one batch after the other', async () => {
    const { queue, add, batches, settled, pass } = world();
    add(1);
    await pass(60);
    add(2);
    await pass(39);
    expect(batches).toEqual([]);
    await pass(1);
    expect(batches).toEqual([[1, 2]]);
    expect(settled).toEqual([
      [1, undefined],
      [2, undefined],
    ]);
    expect([queue.length, queue.bytes]).toEqual([0, 0]);
    add(3);
    await pass(100);
    expect(batches).toEqual([[1, 2], [3]]);
  });

  it('writes at once when 500 wait, and no more than those in one batch', async () => {
    const { add, batches, turn } = world(1e6);
    for (let n = 0; n < 501; n += 1) add(n);
    await turn();
    expect(batches.map((batch) => batch.length)).toEqual([500]);
  });

  it('splits batches by bytes, however large one entry is', async () => {
    const { add, batches, pass, turn } = world(1e9);
    for (const n of [1, 2, 3]) add(n, 3_000_000);
    await pass(100);
    await turn();
    await pass(100);
    await turn();
    expect(batches).toEqual([[1], [2], [3]]);
  });

  it('keeps what a database that is away does not take, tries on with growing pauses, says it once', async () => {
    const { queue, add, batches, settled, changes, database, pass } = world();
    database.isAway = true;
    add(1);
    await pass(100);
    expect([batches.length, queue.isWriting, queue.length]).toEqual([1, false, 1]);
    await pass(249);
    expect(batches.length).toBe(1);
    await pass(1);
    await pass(499);
    expect(batches.length).toBe(2);
    add(2);
    database.isAway = false;
    await pass(1);
    expect(batches).toEqual([[1], [1], [1, 2]]);
    expect(settled.map(([n]) => n)).toEqual([1, 2]);
    expect(changes).toEqual([false, true]);
  });

  it('finds the entry that is refused and settles it alone with its error', async () => {
    const { queue, add, settled, database, pass } = world();
    database.refuses.add(3);
    for (const n of [1, 2, 3, 4, 5]) add(n);
    await pass(100);
    expect(settled.map(([n, error]) => [n, error instanceof RangeError])).toEqual([
      [1, false],
      [2, false],
      [3, true],
      [4, false],
      [5, false],
    ]);
    expect([queue.length, queue.bytes]).toEqual([0, 0]);
  });

  it('makes callers wait while it is full, until there is room or their time is over', async () => {
    const { queue, add, database, pass } = world(25);
    database.isAway = true;
    await queue.room(AbortSignal.abort());
    for (const n of [1, 2, 3]) add(n);
    const patient = queue.room(new AbortController().signal);
    const hasty = new AbortController();
    const refused = queue.room(hasty.signal);
    hasty.abort();
    await expect(refused).rejects.toMatchObject({ code: 'storage_unavailable', retryAfterSeconds: 5 });
    await pass(100);
    database.isAway = false;
    await pass(250);
    await patient;
    expect(queue.bytes).toBe(0);
  });

  it('writes what waits when it closes, and gives up after the time for it', async () => {
    const quick = world();
    quick.add(1);
    expect(await quick.queue.close(1_000)).toBe(0);
    expect(quick.batches).toEqual([[1]]);

    const stuck = world();
    stuck.database.isAway = true;
    stuck.add(1);
    const closed = stuck.queue.close(1_000);
    await stuck.pass(300);
    await stuck.pass(700);
    expect(await closed).toBe(1);
  });
});
