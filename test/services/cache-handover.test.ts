import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RedisServer, startRedis } from '../fakes/redis-server.ts';
import { type GatewayPair, pairs, startPair } from './gateway-pair.ts';

/** What one gateway of two does is known to the other: that it judges, that it died, that it forgot. */
describe('two gateways with one Redis', () => {
  const opened = new AsyncDisposableStack();
  let redis: RedisServer;
  let pair: GatewayPair;
  beforeAll(async () => {
    redis = opened.use(await startRedis());
    const teams = { one: 'canary-of-one', two: 'canary-of-two' };
    const patient = { url: redis.url, readMs: 1_000, writeMs: 1_000 };
    pair = opened.use(await startPair({ redis: patient, judgeMs: 400, teams }));
  });
  afterAll(() => opened.disposeAsync());

  it('forget together what an operator drops at one of them', async () => {
    const items = pairs('dropped', 3);
    await pair.judge(0, items);
    await pair.judge(1, items);
    const body = { judge: 'quick', team: 'canary-of-one' };
    const dry = await pair.admin(0, 'POST', '/admin/cache/invalidate', body);
    expect(dry).toMatchObject({ dry_run: true, memory: 3, redis: 3 });
    const done = await pair.admin(0, 'POST', '/admin/cache/invalidate', { ...body, dry_run: false });
    expect(done).toMatchObject({ dry_run: false, memory: 3, redis: 3 });
    const kept = async () =>
      ((await pair.admin(1, 'GET', '/admin/cache')) as { memory: { entries: number } }).memory.entries;
    await expect.poll(kept, { timeout: 5_000 }).toBe(0);
    expect((await pair.judge(1, items)).data.map(({ cached }) => cached)).toEqual([false, false, false]);
  });

  it('never tell one team of another, in replies, keys or logs', async () => {
    const [item] = pairs('canary-of-text', 1);
    const [one, two] = await Promise.all([
      pair.judge(0, [item], { team: 'one' }),
      pair.judge(1, [item], { team: 'two' }),
    ]);
    expect(one.data[0]?.cache).toBeNull();
    expect(two.data[0]?.cache).toBeNull();
    expect(one.text).not.toMatch(/canary-of-two/);
    expect(two.text).not.toMatch(/canary-of-one/);
    const keys = (await redis.command('KEYS', '*')) as string[];
    const labels = keys.filter((key) => key.startsWith('assay:label:'));
    const values = await Promise.all(labels.map((key) => redis.command('GET', key)));
    expect(labels.length).toBeGreaterThanOrEqual(2);
    for (const text of [...keys, ...values.map(String)]) expect(text).not.toMatch(/canary/);
    expect(pair.logs()).not.toMatch(/canary-of-text/);
  });

  // The last one: it ends a gateway.
  it('hand over when the one that judges is killed', async () => {
    const items = pairs('killed', 1);
    const dying = pair.judge(0, items).then(
      () => 'answered',
      () => 'died',
    );
    const leases = async () => ((await redis.command('KEYS', 'assay:lease:*')) as string[]).length;
    await expect.poll(leases, { interval: 5 }).toBe(1);
    const follower = pair.judge(1, items);
    process.kill(pair.gateways[0].pid, 'SIGKILL');
    expect(await dying).toBe('died');
    const { data, ms } = await follower;
    expect(data[0]).toMatchObject({ cached: false, cache: null });
    expect(data[0]?.label).toMatch(/^(a|b|tie)$/);
    // A lease of three seconds, and a judgment.
    expect(ms).toBeLessThan(10_000);
  });
});
