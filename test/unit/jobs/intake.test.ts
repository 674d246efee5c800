import { describe, expect, it } from 'vitest';
import type { JobReception, NewShard } from '../../../src/contracts/job-store.ts';
import { takeIn } from '../../../src/jobs/intake.ts';
import { type ManualClock, manualClock } from '../../fakes/clock.ts';
import { badItem, itemNamed, itemsNamed } from '../../fakes/job-items.ts';
import type { ItemInput } from '../../../src/contracts/feedback.ts';

async function shardsOf(items: readonly ItemInput[], clock: ManualClock, msEach = 0) {
  const shards: NewShard[] = [];
  const store: JobReception = {
    open: async () => ({ type: 'opened' }),
    addShard: async (_job, shard) => void shards.push(shard),
    accept: async () => null,
    abandon: async () => undefined,
  };
  async function* lines() {
    for (const [index, input] of items.entries()) {
      clock.advance(msEach);
      yield { line: index + 1, input };
    }
  }
  const signal = new AbortController().signal;
  const report = await takeIn('job_1', lines(), { store, maxItems: 10_000, clock, signal });
  return {
    report,
    shards: shards.map(({ no, first, count }) => [no, first, count]),
    texts: shards.map((each) => each.items),
  };
}

describe('taking items in', () => {
  it('makes shards of 200 that hold every item in order', async () => {
    const { shards, texts } = await shardsOf(itemsNamed(450), manualClock());
    expect(shards).toEqual([
      [0, 0, 200],
      [1, 200, 200],
      [2, 400, 50],
    ]);
    const all = texts.flatMap((text) => JSON.parse(text) as { item: { id: string } }[]);
    expect(all.map(({ item }) => item.id)).toEqual(Array.from({ length: 450 }, (_, n) => `row-${n}`));
  });

  it('ends a shard earlier when its items are long', async () => {
    const long: ItemInput = {
      ok: true,
      item: { id: 'x', prompt: 'p'.repeat(900_000), candidates: ['a', 'b'], rubric: undefined, metadata: {} },
    };
    const { shards } = await shardsOf([long, long, long, itemNamed('y')], manualClock());
    expect(shards).toEqual([
      [0, 0, 3],
      [1, 3, 1],
    ]);
  });

  it('hands a shard in after 15 seconds, however slowly the body comes', async () => {
    const { shards } = await shardsOf(itemsNamed(5), manualClock(), 8_000);
    expect(shards).toEqual([
      [0, 0, 2],
      [1, 2, 2],
      [2, 4, 1],
    ]);
  });

  it('counts all that cannot be read, and tells the first hundred', async () => {
    const { report } = await shardsOf(
      Array.from({ length: 130 }, (_, n) => badItem(`b${n}`)),
      manualClock(),
    );
    expect([report.items, report.invalid, report.problems.length]).toEqual([130, 130, 100]);
    expect(report.problems[99]).toMatchObject({ line: 100, problem: { message: 'b99 is bad' } });
  });
});
