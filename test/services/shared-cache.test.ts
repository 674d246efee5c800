import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RedisServer, startRedis } from '../fakes/redis-server.ts';
import { type GatewayPair, pairs, startPair } from './gateway-pair.ts';

describe('labels that two gateways share', () => {
  const opened = new AsyncDisposableStack();
  let redis: RedisServer;
  let pair: GatewayPair;
  beforeAll(async () => {
    redis = opened.use(await startRedis());
    // Patient, so that a busy machine does not count as a fault.
    const patient = { url: redis.url, readMs: 1_000, writeMs: 1_000 };
    pair = opened.use(await startPair({ redis: patient, judgeMs: 30 }));
  });
  afterAll(() => opened.disposeAsync());

  const callsDuring = async <T>(work: () => Promise<T>): Promise<[T, number]> => {
    const before = await pair.calls();
    const result = await work();
    return [result, (await pair.calls()) - before];
  };

  it('gives at the second gateway what the first one bought, without any engine call', async () => {
    const items = pairs('second', 16);
    const first = await pair.judge(0, items);
    const [second, calls] = await callsDuring(() => pair.judge(1, items));
    expect(calls).toBe(0);
    expect(second.data.map(({ label }) => label)).toEqual(first.data.map(({ label }) => label));
    expect(second.data.every(({ cached }) => cached)).toBe(true);
    const [again] = await callsDuring(() => pair.judge(1, items));
    expect(again.data.map(({ cache }) => cache)).toEqual(items.map(() => 'exact'));
  });

  it('exchanges the candidates of a label that came from the other gateway', async () => {
    const [item] = pairs('turned', 1);
    const first = await pair.judge(0, [item]);
    const turned = { ...item, candidates: item?.candidates.toReversed() };
    const [second, calls] = await callsDuring(() => pair.judge(1, [turned]));
    expect(calls).toBe(0);
    const other: Record<string, string> = { a: 'b', b: 'a', tie: 'tie' };
    expect(second.data[0]).toMatchObject({ cache: 'flipped', label: other[first.data[0]?.label ?? ''] });
  });

  it('judges a thousand equal items over both gateways a single time', async () => {
    const [item] = pairs('crowd', 1);
    const [, once] = await callsDuring(() =>
      pair.judge(0, [item], { headers: { 'cache-control': 'no-store' } }),
    );
    const crowd = Array.from({ length: 20 }, (_, i) =>
      pair.judge(
        i % 2 === 0 ? 0 : 1,
        Array.from({ length: 50 }, () => item),
      ),
    );
    const [replies, calls] = await callsDuring(() => Promise.all(crowd));
    expect(calls).toBe(once);
    const verdicts = replies.flatMap(({ data }) => data);
    expect(verdicts.length).toBe(1_000);
    expect(new Set(verdicts.map(({ label }) => label)).size).toBe(1);
    expect(verdicts.filter(({ cache }) => cache === null).length).toBe(1);
  });

  it('never gives a label to another team, at either gateway', async () => {
    const items = pairs('isolated', 4);
    await pair.judge(0, items);
    const [other, calls] = await callsDuring(() => pair.judge(1, items, { team: 'two' }));
    expect(calls).toBeGreaterThanOrEqual(8);
    expect(other.data.some(({ cached }) => cached)).toBe(false);
  });

  it('replaces everywhere what no-cache asked anew', async () => {
    const items = pairs('refresh', 1);
    await pair.judge(0, items);
    await pair.judge(1, items);
    const value = async () => {
      const keys = await redis.command('KEYS', 'assay:label:*');
      const values = await Promise.all((keys as string[]).map((key) => redis.command('GET', key)));
      return new Set(values);
    };
    const before = await value();
    await pair.judge(0, items, { headers: { 'cache-control': 'no-cache' } });
    await expect.poll(async () => [...(await value())].filter((each) => !before.has(each)).length).toBe(1);
  });

  it('has no name of a team and no text of an item in Redis', async () => {
    await pair.judge(0, [
      { prompt: 'canary-prompt', candidates: ['canary-answer', 'canary-other'], rubric: 'harmless@1' },
    ]);
    const keys = (await redis.command('KEYS', '*')) as string[];
    const values = await Promise.all(
      keys.filter((key) => key.startsWith('assay:label:')).map((key) => redis.command('GET', key)),
    );
    expect(values.length).toBeGreaterThan(0);
    for (const text of [...keys, ...values.map(String)]) {
      expect(text).not.toMatch(/canary|"one"|"two"|question/);
    }
    expect(pair.logs()).not.toMatch(/canary/);
  });
});
