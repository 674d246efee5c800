import { describe, expect, it } from 'vitest';
import { createQuarantine } from '../../../src/resilience/quarantine.ts';
import { manualClock } from '../../fakes/clock.ts';

function quarantineOf(settings: Partial<Parameters<typeof createQuarantine>[0]> = {}) {
  const clock = manualClock();
  const quarantine = createQuarantine({ crashes: 2, keepMs: 60_000, maximumItems: 3, ...settings }, clock);
  return { clock, quarantine, refused: (item: string) => quarantine.refusalOf(() => item) !== null };
}

describe('the quarantine', () => {
  it('refuses an item that was present at two crashes, and says so', () => {
    const { quarantine, refused } = quarantineOf();
    quarantine.crashed('bad', 'small/0');
    expect(refused('bad')).toBe(false);
    quarantine.crashed('bad', 'small/1');
    expect(quarantine.refusalOf(() => 'bad')).toEqual({
      code: 'quarantined',
      message: 'the item was present at 2 crashes of the engine and is not sent to it again',
      sent: false,
      blamesReplica: false,
    });
    expect(refused('good')).toBe(false);
  });

  it('counts both orders that one crash took along as one, and the next crash of that replica as another', () => {
    const { clock, quarantine, refused } = quarantineOf();
    quarantine.crashed('item', 'small/0');
    clock.advance(999);
    quarantine.crashed('item', 'small/0');
    expect(refused('item')).toBe(false);
    clock.advance(1_000);
    quarantine.crashed('item', 'small/0');
    expect(refused('item')).toBe(true);
  });

  it('forgets an item when its time is over', () => {
    const { clock, quarantine, refused } = quarantineOf();
    quarantine.crashed('item', 'small/0');
    clock.advance(59_000);
    quarantine.crashed('item', 'small/1');
    clock.advance(59_999);
    expect(refused('item')).toBe(true);
    clock.advance(1);
    expect(refused('item')).toBe(false);
    expect(quarantine.size()).toBe(0);
  });

  it('is bounded, and forgets the one whose last crash is oldest', () => {
    const { clock, quarantine, refused } = quarantineOf({ crashes: 1 });
    for (const item of ['one', 'two', 'three']) quarantine.crashed(item, 'small/0');
    clock.advance(2_000);
    quarantine.crashed('one', 'small/0');
    quarantine.crashed('four', 'small/0');
    expect(quarantine.size()).toBe(3);
    expect(['one', 'two', 'three', 'four'].map(refused)).toEqual([true, false, true, true]);
  });

  it('hashes nothing while no engine crashed', () => {
    const { quarantine } = quarantineOf();
    expect(
      quarantine.refusalOf(() => {
        throw new Error('hashed');
      }),
    ).toBeNull();
  });
});
