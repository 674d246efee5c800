import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RedisServer, startRedis } from '../fakes/redis-server.ts';
import { type GatewayPair, startPair } from './gateway-pair.ts';

describe('scores that two gateways share', () => {
  const opened = new AsyncDisposableStack();
  let redis: RedisServer;
  let pair: GatewayPair;
  beforeAll(async () => {
    redis = opened.use(await startRedis());
    pair = opened.use(await startPair({ redis: { url: redis.url, readMs: 1_000, writeMs: 1_000 } }));
  });
  afterAll(() => opened.disposeAsync());

  const callsDuring = async <T>(work: () => Promise<T>): Promise<[T, number]> => {
    const before = await pair.calls();
    const result = await work();
    return [result, (await pair.calls()) - before];
  };
  const responses = (topic: string, count: number) =>
    Array.from({ length: count }, (_, i) => ({ prompt: `${topic} ${i}`, candidates: [`an answer to ${i}`] }));
  const values = async (): Promise<readonly (readonly [string, string])[]> => {
    const keys = (await redis.command('KEYS', 'assay:score:*')) as string[];
    return Promise.all(keys.map(async (key) => [key, String(await redis.command('GET', key))] as const));
  };
  const written = (count: number) => expect.poll(async () => (await values()).length).toBe(count);

  it('gives at the second gateway what the first one bought, without any engine call', async () => {
    const items = responses('bought', 16);
    const first = await pair.score(0, items);
    expect(first.data.map(({ cache }) => cache)).toEqual(items.map(() => null));
    await written(16);
    const [second, calls] = await callsDuring(() => pair.score(1, items));
    expect(calls).toBe(0);
    expect(second.data.map(({ cache }) => cache)).toEqual(items.map(() => 'exact'));
    expect(second.data.every(({ score }) => score !== undefined)).toBe(true);
    expect(second.data.map(({ score }) => score)).toEqual(first.data.map(({ score }) => score));
  });

  it('never gives a score to another team, and names none in Redis', async () => {
    const [other, calls] = await callsDuring(() => pair.score(1, responses('bought', 4), { team: 'two' }));
    expect(calls).toBeGreaterThanOrEqual(4);
    expect(other.data.some(({ cached }) => cached)).toBe(false);
    for (const [key, value] of await values())
      expect(key + value).not.toMatch(/"team":"(one|two)"|an answer/);
  });

  it('takes no value that was damaged, or put under another key', async () => {
    const items = responses('damaged', 2);
    const before = new Set((await values()).map(([key]) => key));
    await pair.score(0, items);
    await written(before.size + 2);
    const [one, two] = (await values()).filter(([key]) => !before.has(key));
    if (one === undefined || two === undefined) throw new Error('two scores were written');
    await redis.command('SET', one[0], two[1]);
    await redis.command('SET', two[0], two[1].replace('"score":', '"score":1'));
    const [again, calls] = await callsDuring(() => pair.score(1, items));
    expect(calls).toBeGreaterThanOrEqual(2);
    expect(again.data.some(({ cached }) => cached)).toBe(false);
  });

  it('forgets them everywhere when an operator says so', async () => {
    const items = responses('forgotten', 3);
    await pair.score(0, items);
    await expect.poll(async () => (await pair.score(1, items)).data.every(({ cached }) => cached)).toBe(true);
    const { size } = new Set((await values()).map(([key]) => key));
    const filter = { judge: 'scorer', policy: 'scores', dry_run: false };
    const told = await pair.admin(0, 'POST', '/admin/cache/invalidate', filter);
    expect(told).toMatchObject({ redis: size });
    expect(await values()).toEqual([]);
    // The other gateway hears of it within about a second; until then it gives its own copies.
    const anew = { timeout: 5_000 };
    await expect
      .poll(async () => (await pair.score(1, items)).data.some(({ cached }) => cached), anew)
      .toBe(false);
  });
});
