import { describe, expect, it } from 'vitest';
import type { Replica } from '../../../src/contracts/engine.ts';
import { createDnsDiscovery } from '../../../src/pool/discovery.ts';
import { manualClock } from '../../fakes/clock.ts';
import { openCall, reply } from '../../fakes/engine.ts';
import { fakeReplica, poolOf, settle } from '../../fakes/pool.ts';

const request = { messages: [{ role: 'user', content: 'x' }], labels: 'l' };

/** A discovery whose name server the test plays. */
function discoveryOn(url = 'http://vllm.svc:8000') {
  const clock = manualClock();
  const warnings: unknown[] = [];
  const asked: string[] = [];
  const server = { hosts: ['10.0.0.1'] as readonly string[] | Error };
  const source = createDnsDiscovery({
    url,
    everyMs: 10_000,
    clock,
    logger: {
      info: () => undefined,
      warn: (fields) => void warnings.push(fields),
      error: () => undefined,
      flush: () => undefined,
    },
    async resolve(host) {
      asked.push(host);
      if (server.hosts instanceof Error) throw server.hosts;
      return server.hosts;
    },
  });
  const tick = async (): Promise<void> => {
    clock.advance(10_000);
    await settle();
  };
  return { source, server, asked, warnings, tick };
}

describe('discovery by DNS', () => {
  it('tells the addresses at once and again when they change, in the form of URLs', async () => {
    const { source, server, asked, tick } = discoveryOn();
    const told: (readonly string[])[] = [];
    const stop = source.watch((places) => told.push(places.map(({ url }) => url)));
    await settle();
    await tick();
    server.hosts = ['10.0.0.2', '10.0.0.1', 'fd00::7'];
    await tick();
    server.hosts = ['fd00::7', '10.0.0.1', '10.0.0.2'];
    await tick();
    stop();
    await tick();
    expect(told).toEqual([
      ['http://10.0.0.1:8000'],
      ['http://10.0.0.1:8000', 'http://10.0.0.2:8000', 'http://[fd00::7]:8000'],
    ]);
    expect(asked).toEqual(['vllm.svc', 'vllm.svc', 'vllm.svc', 'vllm.svc']);
  });

  it('keeps what it knew while the name server is down, and says so once', async () => {
    const { source, server, warnings, tick } = discoveryOn();
    const told: (readonly string[])[] = [];
    source.watch((places) => told.push(places.map(({ url }) => url)));
    await settle();
    server.hosts = new Error('SERVFAIL');
    await tick();
    await tick();
    server.hosts = [];
    await tick();
    expect(told).toEqual([['http://10.0.0.1:8000']]);
    expect(warnings).toEqual([{ host: 'vllm.svc', error: 'Error: SERVFAIL' }]);
  });
});

describe('a pool that follows a discovery', () => {
  it('takes new replicas in, and lets those that are gone finish first', async () => {
    const { source, server, tick } = discoveryOn();
    const made = new Map<string, ReturnType<typeof fakeReplica>>();
    const createReplica = (url: string): Replica => {
      const fake = fakeReplica(url);
      made.set(url, fake);
      return fake.replica;
    };
    const { pool } = poolOf([], {}, { discovery: { source, createReplica } });
    await settle();
    const first = made.get('http://10.0.0.1:8000')?.script;
    let release: (value: ReturnType<typeof reply>) => void = () => undefined;
    if (first) first.answer = () => new Promise((resolve) => (release = resolve));
    const slow = pool.distribution(request, openCall());
    await settle();
    server.hosts = ['10.0.0.2'];
    await tick();
    await settle();
    const next = await pool.distribution(request, openCall());
    expect(next.report.replica).toBe('small/1');
    expect(first?.closed).toBe(false);
    release(reply(0.9, 0.1, 0));
    expect((await slow).result.ok).toBe(true);
    await settle();
    expect(first?.closed).toBe(true);
    expect(pool.replicas().map(({ name }) => name)).toEqual(['small/1']);
    await pool.close();
    expect(made.get('http://10.0.0.2:8000')?.script.closed).toBe(true);
  });
});
