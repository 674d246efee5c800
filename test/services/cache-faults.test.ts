import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RedisServer, startRedis } from '../fakes/redis-server.ts';
import { type SlowProxy, startSlowProxy } from '../fakes/slow-proxy.ts';
import { type GatewayPair, pairs, startPair } from './gateway-pair.ts';

/** Whatever becomes of Redis: every item is judged, and nobody waits for it. */
describe('faults of Redis', () => {
  const opened = new AsyncDisposableStack();
  let redis: RedisServer;
  let proxy: SlowProxy;
  let pair: GatewayPair;
  let round = 0;
  beforeAll(async () => {
    redis = opened.use(await startRedis({ started: false }));
    proxy = opened.use(await startSlowProxy(redis.port));
    pair = opened.use(await startPair({ redis: { url: `redis://127.0.0.1:${proxy.port}` } }));
  });
  afterAll(() => opened.disposeAsync());

  /** Labels fresh items; all of them must get one. Gives the slowest request's time. */
  const labelled = async (requests = 20): Promise<number[]> => {
    const times: number[] = [];
    for (let i = 0; i < requests; i += 1) {
      round += 1;
      const { data, ms } = await pair.judge(0, pairs(`round ${round}`, 1));
      expect(data[0]?.label).toMatch(/^(a|b|tie)$/);
      times.push(ms);
    }
    return times.toSorted((x, y) => x - y);
  };
  /** The other gateway is given what the first one bought. */
  const isShared = async (): Promise<boolean> => {
    round += 1;
    const items = pairs(`shared ${round}`, 1);
    await pair.judge(0, items);
    return (await pair.judge(1, items)).data[0]?.cached === true;
  };
  const recovers = () => expect.poll(isShared, { timeout: 5_000, interval: 100 }).toBe(true);
  const away = async (which: 0 | 1 = 0) =>
    ((await pair.admin(which, 'GET', '/admin/cache')) as { redis: { state: string; unreadable: number } })
      .redis;

  it('labels with Redis down at the start, and shares when it comes', async () => {
    await labelled();
    expect((await away()).state).toBe('away');
    await redis.start();
    await recovers();
  });

  it('labels while Redis is killed', async () => {
    await redis.kill();
    await labelled();
    expect(await isShared()).toBe(false);
    await redis.start();
    await recovers();
  });

  it('waits for a frozen Redis once, not with every request', async () => {
    const before = await labelled(50);
    redis.freeze();
    const during = await labelled(50);
    expect((await away()).state).toBe('slow');
    // Two at most waited out the limit; a median that had waited would be above it.
    expect(median(during)).toBeLessThan(median(before) + 20);
    redis.thaw();
    await recovers();
  });

  it('labels with a Redis that takes 200 ms for an answer', async () => {
    const before = await labelled(50);
    proxy.delayMs = 200;
    const during = await labelled(50);
    expect(median(during)).toBeLessThan(median(before) + 20);
    proxy.delayMs = 0;
    await recovers();
  });

  it('labels with a Redis that has no memory left', async () => {
    await redis.command('CONFIG', 'SET', 'maxmemory', '1');
    await labelled();
    expect(await isShared()).toBe(false);
    await redis.command('CONFIG', 'SET', 'maxmemory', '0');
    await recovers();
  });

  it('asks anew for labels of a Redis that was flushed, and goes on', async () => {
    const items = pairs('flushed', 4);
    await pair.judge(0, items);
    await redis.command('FLUSHALL');
    const calls = await pair.calls();
    // The one that bought them still has them in memory.
    expect((await pair.judge(0, items)).data.every(({ cached }) => cached)).toBe(true);
    expect(await pair.calls()).toBe(calls);
    const { data } = await pair.judge(1, items);
    expect(data.every(({ cached, label }) => !cached && label !== null)).toBe(true);
    await recovers();
  });

  it('takes no value for a label that is damaged, of another key, or of another type', async () => {
    await redis.command('FLUSHALL');
    const items = pairs('poisoned', 3);
    await pair.judge(0, items);
    const keys = (await redis.command('KEYS', 'assay:label:*')) as string[];
    expect(keys.length).toBe(3);
    const [one = '', two = '', three = ''] = keys;
    const value = String(await redis.command('GET', one));
    await redis.command('SET', one, value.replace('"accepted":true', '"accepted":tru'));
    await redis.command('SET', two, value);
    await redis.command('DEL', three);
    await redis.command('RPUSH', three, 'a', 'list');
    const { data } = await pair.judge(1, items);
    expect(data.map(({ cached }) => cached)).toEqual([false, false, false]);
    expect((await away(1)).unreadable).toBeGreaterThanOrEqual(3);
    // They were replaced by what was judged instead.
    expect(await redis.command('TYPE', three)).toBe('string');
    await recovers();
  });
});

function median(sorted: readonly number[]): number {
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
