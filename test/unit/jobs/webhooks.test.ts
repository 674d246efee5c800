import { createServer, type IncomingMessage } from 'node:http';
import OpenAI from 'openai';
import { Webhook } from 'standardwebhooks';
import { afterEach, describe, expect, it } from 'vitest';
import type { Message } from '../../../src/contracts/job-store.ts';
import { isGlobal } from '../../../src/jobs/webhooks/address.ts';
import { createSender, type Endpoint } from '../../../src/jobs/webhooks/sender.ts';
import { createSystemClock } from '../../../src/telemetry/system-clock.ts';
import { manualClock } from '../../fakes/clock.ts';
import { listenOn } from '../../fakes/listen.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwLong';

const MESSAGE: Message = {
  id: 'msg_1',
  team: 'red',
  endpoint: 'hook',
  type: 'job.completed',
  payload: '{"id":"msg_1","object":"event","type":"batch.completed","created_at":1,"data":{"id":"job_1"}}',
  attempts: 0,
};

interface Got {
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

describe('webhook messages', () => {
  const closing: (() => void)[] = [];
  afterEach(() => {
    for (const close of closing.splice(0)) close();
  });

  /** An endpoint that answers with this status and keeps what it got. */
  const endpointOf = async (status: number, headers: Record<string, string> = {}) => {
    const got: Got[] = [];
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (part: Buffer) => (body += part.toString()));
      request.on('end', () => {
        got.push({ headers: request.headers, body });
        response.writeHead(status, headers).end('x'.repeat(200_000));
      });
    });
    const url = await listenOn(server);
    closing.push(() => {
      server.closeAllConnections();
      server.close();
    });
    const endpoint: Endpoint = { url: `${url}/hook`, secret: SECRET, allowPrivate: true };
    return { endpoint, got };
  };
  const sender = createSender(createSystemClock());

  it('are signed as Standard Webhooks say, and OpenAI clients unwrap them', async () => {
    const { endpoint, got } = await endpointOf(204);
    expect(await sender.send(MESSAGE, endpoint)).toEqual({ type: 'delivered' });
    const [{ headers, body }] = got as [Got];
    expect(body).toBe(MESSAGE.payload);
    expect(headers['webhook-id']).toBe('msg_1');
    const texts = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
    expect(new Webhook(SECRET).verify(body, texts)).toMatchObject({ type: 'batch.completed' });
    expect(() => new Webhook(SECRET).verify(body.replace('job_1', 'job_2'), texts)).toThrow(
      'No matching signature found',
    );
    const client = new OpenAI({ apiKey: 'none', webhookSecret: SECRET });
    expect(await client.webhooks.unwrap(body, new Headers(texts))).toMatchObject({ data: { id: 'job_1' } });
  });

  it('fail, are refused for good, or wait as they are told', async () => {
    const answers = [];
    for (const [status, headers] of [
      [500, {}],
      [410, {}],
      [429, { 'retry-after': '120' }],
      [307, { location: 'http://127.0.0.1:9/' }],
    ] as const) {
      const { endpoint, got } = await endpointOf(status, headers);
      answers.push(await sender.send(MESSAGE, endpoint));
      expect(got).toHaveLength(1);
    }
    expect(answers).toEqual([
      { type: 'failed', reason: 'it answered 500', retryAfterMs: 0 },
      { type: 'refused', reason: 'it answered 410: it wants no more' },
      { type: 'failed', reason: 'it answered 429', retryAfterMs: 120_000 },
      { type: 'failed', reason: 'it answered 307', retryAfterMs: 0 },
    ]);
  });

  it('do not reach into the network here, whatever the name resolves to', async () => {
    const { endpoint, got } = await endpointOf(200);
    const { port } = new URL(endpoint.url);
    const outside = { ...endpoint, allowPrivate: false };
    expect(await sender.send(MESSAGE, outside)).toMatchObject({ type: 'refused' });
    const tls = { ...outside, url: `https://hooks.example:${port}/` };
    expect(await sender.send(MESSAGE, tls)).toMatchObject({ type: 'refused' });
    for (const address of [
      '127.0.0.1',
      '10.1.2.3',
      '100.64.0.1',
      '169.254.169.254',
      '::1',
      '::ffff:127.0.0.1',
    ]) {
      const family = address.includes(':') ? 6 : 4;
      const both = [
        { address: '93.184.216.34', family: 4 },
        { address, family },
      ];
      const asked: string[] = [];
      const pinned = createSender(createSystemClock(), async (name) => {
        asked.push(name);
        return both;
      });
      expect(await pinned.send(MESSAGE, { ...outside, url: 'https://hooks.example/' })).toEqual({
        type: 'failed',
        reason: 'the host has an address that is not public',
        retryAfterMs: 0,
      });
      expect(asked).toEqual(['hooks.example']);
    }
    expect(got).toEqual([]);
  });

  it('go to the address that was looked at, and are looked up once', async () => {
    const { endpoint, got } = await endpointOf(200);
    let lookups = 0;
    const pinned = createSender(createSystemClock(), async () => {
      lookups += 1;
      return [{ address: '127.0.0.1', family: 4 }];
    });
    const url = endpoint.url.replace('127.0.0.1', 'hooks.invalid');
    expect(await pinned.send(MESSAGE, { ...endpoint, url })).toEqual({ type: 'delivered' });
    expect([lookups, got[0]?.headers.host]).toEqual([1, new URL(url).host]);
  });

  it('are given up after five seconds of silence', async () => {
    const server = createServer(() => undefined);
    const url = await listenOn(server);
    const asked = new Promise<void>((resolve) => server.once('request', () => resolve()));
    closing.push(() => {
      server.closeAllConnections();
      server.close();
    });
    const clock = manualClock();
    const sending = createSender(clock).send(MESSAGE, { url, secret: SECRET, allowPrivate: true });
    await asked;
    clock.advance(5_000);
    expect(await sending).toEqual({ type: 'failed', reason: 'no answer within 5000 ms', retryAfterMs: 0 });
  });
});

describe('public addresses', () => {
  it('are told from all others', () => {
    const isPublic = ['8.8.8.8', '93.184.216.34', '172.32.0.1', '2606:4700::1111', '2a00:1450:4001::1'];
    const isNot = [
      '0.0.0.0',
      '10.0.0.1',
      '100.127.255.255',
      '127.0.0.1',
      '169.254.169.254',
      '172.31.255.255',
      '192.168.1.1',
      '198.19.0.1',
      '224.0.0.1',
      '255.255.255.255',
      '::',
      '::1',
      '::ffff:8.8.8.8',
      '64:ff9b::808:808',
      'fc00::1',
      'fe80::1',
      'ff02::1',
      '2001:db8::1',
      '2002:7f00:1::',
    ];
    expect(isPublic.filter((address) => !isGlobal(address))).toEqual([]);
    expect(isNot.filter(isGlobal)).toEqual([]);
  });
});
