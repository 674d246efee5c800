import { describe, expect, it } from 'vitest';
import { createLanes, type Lane, type LaneWaiter, type Lanes } from '../../../../src/engines/openai/lanes.ts';

/** Nothing connects here: a lane connects with its first request. */
function lanes(connections: number): Lanes {
  return createLanes({ origin: 'http://127.0.0.1:9', connections, connectTimeoutMs: 1_000 });
}

function waiter(log: string[], name: string, given: Lane[] = []): LaneWaiter {
  return {
    onLane: (lane) => {
      given.push(lane);
      log.push(name);
    },
    onRefused: (reason) => log.push(`${name} ${reason}`),
  };
}

describe('lanes', () => {
  it('are given in the order asked, and the one released last is given first', () => {
    const log: string[] = [];
    const given: Lane[] = [];
    const some = lanes(2);
    for (const name of ['a', 'b', 'c', 'd']) some.take(waiter(log, name, given));
    expect(log).toEqual(['a', 'b']);
    some.release(given[1]!);
    some.release(given[0]!);
    expect(log).toEqual(['a', 'b', 'c', 'd']);
    expect(given[2]).toBe(given[1]);
    some.release(given[2]!);
    some.release(given[3]!);
    some.take(waiter(log, 'e', given));
    expect(given[4]).toBe(given[3]);
  });

  it('pass over who has left the queue', () => {
    const log: string[] = [];
    const given: Lane[] = [];
    const one = lanes(1);
    one.take(waiter(log, 'a', given));
    const leave = one.take(waiter(log, 'b'));
    one.take(waiter(log, 'c'));
    leave();
    one.release(given[0]!);
    expect(log).toEqual(['a', 'c']);
  });

  it('are replaced when discarded', () => {
    const log: string[] = [];
    const given: Lane[] = [];
    const one = lanes(1);
    one.take(waiter(log, 'a', given));
    one.take(waiter(log, 'b', given));
    one.discard(given[0]!);
    expect(log).toEqual(['a', 'b']);
    expect(given[1]).not.toBe(given[0]);
    expect(given[0]?.client.destroyed).toBe(true);
  });

  it('let no more than 16,384 calls wait', () => {
    const log: string[] = [];
    const one = lanes(1);
    one.take(waiter([], 'first'));
    for (let n = 0; n < 16_384; n += 1) one.take(waiter(log, 'waiting'));
    expect(log).toEqual([]);
    one.take(waiter(log, 'last'));
    expect(log).toEqual(['last full']);
  });

  it('refuse everybody once they are closed', async () => {
    const log: string[] = [];
    const one = lanes(1);
    one.take(waiter(log, 'a'));
    one.take(waiter(log, 'b'));
    await one.close();
    one.take(waiter(log, 'c'));
    expect(log).toEqual(['a', 'b closed', 'c closed']);
  });
});
