import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestGateway, type TestGateway } from '../fakes/gateway.ts';
import { events, generatingEngine } from '../fakes/generating-engine.ts';
import { exchangeRaw, openSocket, readUntil } from '../fakes/raw-http.ts';

const PATH = '/v1/feedback/preferences';
const GOOD = { prompt: 'Why?', candidates: ['Because.', 'No idea.'] };

const NO_USAGE = { inputTokens: 0, cachedInputTokens: 0, outputTokens: 0 };

let gateway: TestGateway;
beforeAll(async () => {
  const embedded = { body: { object: 'list', data: [] }, usage: NO_USAGE };
  const engine = generatingEngine(
    'small',
    () => events([{ choices: [] }]),
    () => ({ ok: true, value: embedded }),
  );
  gateway = await startTestGateway([engine]);
});
afterAll(() => gateway[Symbol.asyncDispose]());

async function refusal(body: unknown, headers?: Record<string, string>): Promise<unknown> {
  const response = await gateway.post(PATH, body, headers);
  const { error } = (await response.json()) as { error: object };
  return { status: response.status, ...error };
}

function head(headers: readonly string[]): string {
  const all = [`POST ${PATH} HTTP/1.1`, 'host: gateway', 'authorization: Bearer key-all', ...headers];
  return `${all.join('\r\n')}\r\n\r\n`;
}

describe('a request that is wrong as a whole', () => {
  it('with an unknown field and a wrong type is told both', async () => {
    expect(await refusal({ policy: 7, items: [], mode: 'fast' })).toEqual({
      status: 400,
      message: 'policy must be a string, found a number; mode is not a known field; allowed: policy, items',
      type: 'invalid_request_error',
      param: 'policy',
      code: 'invalid_request',
      details: [
        { param: 'policy', message: 'policy must be a string, found a number' },
        { param: 'mode', message: 'mode is not a known field; allowed: policy, items' },
      ],
    });
  });

  it('with an unknown policy is told the known ones', async () => {
    expect(await refusal({ policy: 'other', items: [GOOD] })).toMatchObject({
      status: 400,
      message: 'policy is not a known one; known: default',
      param: 'policy',
    });
  });

  it.each([
    ['no JSON', 'hello', 'the body is not JSON: it goes wrong at line 1, column 1'],
    ['a trailing comma', '{"items": [\n1,\n]}', 'the body is not JSON: it goes wrong at line 3, column 1'],
    ['a cut body', '{"items": [', 'the body is not JSON: it ends too early, in line 1'],
    ['nothing', '', 'the body is empty; send a JSON object'],
    ['100,000 levels', '['.repeat(100_000) + ']'.repeat(100_000), 'the body is nested deeper than 64 levels'],
    ['65 levels', '['.repeat(65) + ']'.repeat(65), 'the body is nested deeper than 64 levels'],
    ['a list', '[]', 'the body must be an object, found a list'],
    ['bad UTF-8', Buffer.from('7b2261223a22ff227d', 'hex'), 'the body is not UTF-8: byte 6 is wrong'],
    ['cut UTF-8', Buffer.from('7b2261223a22c3', 'hex'), 'the body is not UTF-8: byte 6 is wrong'],
  ])('because it has %s is told where', async (_name, body, message) => {
    expect(await refusal(body)).toEqual({
      status: 400,
      message,
      type: 'invalid_request_error',
      param: null,
      code: 'invalid_request',
    });
  });

  it.each([
    ['content-type', 'text/plain'],
    ['content-type', 'application/json; charset=latin1'],
    ['content-encoding', 'gzip'],
  ])('with %s: %s is refused with 415', async (name, value) => {
    expect(await refusal({ items: [] }, { [name]: value })).toMatchObject({
      status: 415,
      code: 'unsupported_media_type',
      param: name,
    });
  });

  it('with 10 MB is refused with 413, and its connection serves on', async () => {
    expect(await refusal('x'.repeat(10_000_000))).toMatchObject({
      status: 413,
      code: 'request_too_large',
      message: 'the body must have at most 1000000 bytes',
    });
    expect((await gateway.post(PATH, { items: [GOOD] })).status).toBe(200);
  });

  it('with 10 MB in chunks is refused with 413', async () => {
    const socket = await openSocket(gateway.port);
    socket.write(head(['content-type: application/json', 'transfer-encoding: chunked']));
    const chunk = `fffff\r\n${'x'.repeat(0xfffff)}\r\n`;
    for (let n = 0; n < 10; n += 1) socket.write(chunk);
    expect(await readUntil(socket, /request_too_large/)).toMatch(/^HTTP\/1\.1 413 /);
    socket.destroy();
  });

  it('and goes on for ever is cut off after the refusal', async () => {
    const socket = await openSocket(gateway.port);
    socket.write(head(['content-type: application/json', 'content-length: 999999999999']));
    const cut = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => undefined);
    const piece = Buffer.alloc(1_000_000, 'x');
    const answer = readUntil(socket, /request_too_large/);
    const flood = (): void => {
      if (!socket.destroyed) socket.write(piece, flood);
    };
    flood();
    expect(await answer).toMatch(/^HTTP\/1\.1 413 /);
    await cut;
    expect(socket.bytesWritten).toBeGreaterThan(32_000_000);
  });

  it('asks before it sends 10 MB, and is told no', async () => {
    const asking = head([
      'content-type: application/json',
      'content-length: 10000000',
      'expect: 100-continue',
    ]);
    const answer = await exchangeRaw(gateway.port, asking);
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).not.toContain('100 Continue');
  });

  it('asks before it sends a small body, and is told to go on', async () => {
    const socket = await openSocket(gateway.port);
    const body = JSON.stringify({ items: [GOOD] });
    const headers = [
      'content-type: application/json',
      `content-length: ${body.length}`,
      'expect: 100-continue',
    ];
    socket.write(head([...headers, 'connection: close']));
    expect(await readUntil(socket, /\r\n\r\n/)).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    socket.write(body);
    expect(await readUntil(socket, /"summary"/)).toMatch(/^HTTP\/1\.1 200 /);
    socket.destroy();
  });

  it('never gets its own text back', async () => {
    const bodies = ['{"items": [{"prompt": "s3cret" "candidates"', '"s3cret', '{"items": "s3cret"}'];
    const answers = await Promise.all(bodies.map((body) => gateway.post(PATH, body)));
    const texts = await Promise.all(answers.map((answer) => answer.text()));
    expect(answers.map((answer) => answer.status)).toEqual([400, 400, 400]);
    expect(texts.join('')).not.toContain('s3cret');
    expect(JSON.stringify(gateway.lines)).not.toContain('s3cret');
  });
});

describe('any JSON at all', () => {
  const almostRight = fc.record(
    {
      model: fc.oneof(fc.constant('assay/default'), fc.jsonValue()),
      messages: fc.oneof(fc.array(fc.record({ role: fc.string(), content: fc.jsonValue() })), fc.jsonValue()),
      prompt: fc.jsonValue(),
      input: fc.jsonValue(),
      policy: fc.oneof(fc.constant('default'), fc.jsonValue()),
      items: fc.oneof(
        fc.array(fc.record({ prompt: fc.jsonValue(), candidates: fc.jsonValue(), id: fc.jsonValue() })),
        fc.jsonValue(),
      ),
    },
    { requiredKeys: [] },
  );
  const body = fc.oneof(almostRight, fc.jsonValue());

  it.each([PATH, '/v1/chat/completions', '/v1/completions', '/v1/embeddings'])(
    'gets an answer of ours from %s, never a 5xx',
    async (path) => {
      await fc.assert(
        fc.asyncProperty(body, async (value) => {
          const response = await gateway.post(path, JSON.stringify(value));
          const reply = (await response.json()) as { error?: { code: string }; object?: string };
          expect([200, 400, 404]).toContain(response.status);
          expect(reply.object ?? reply.error?.code).toMatch(
            /^(list|chat\.completion|text_completion|invalid_request|model_not_found)$/,
          );
        }),
        { numRuns: 150 },
      );
    },
  );
});

describe('bodies that are unusual but right', () => {
  it('may start with a byte order mark', async () => {
    const response = await gateway.post(PATH, `\ufeff${JSON.stringify({ items: [GOOD] })}`);
    expect(await response.json()).toMatchObject({ summary: { items: 1, ok: 1 } });
  });

  it('may say that they are UTF-8 and not encoded', async () => {
    const headers = { 'content-type': 'application/json; charset=UTF-8', 'content-encoding': 'identity' };
    expect((await gateway.post(PATH, { items: [GOOD] }, headers)).status).toBe(200);
  });

  it('may be cut in the middle of a character', async () => {
    const body = Buffer.from(JSON.stringify({ items: [{ ...GOOD, prompt: 'Wäre es möglich?' }] }));
    const middle = body.indexOf(0xc3) + 1;
    const socket = await openSocket(gateway.port);
    socket.write(head(['content-type: application/json', 'transfer-encoding: chunked', 'connection: close']));
    for (const part of [body.subarray(0, middle), body.subarray(middle), Buffer.alloc(0)]) {
      socket.write(`${part.length.toString(16)}\r\n`);
      socket.write(part);
      socket.write('\r\n');
    }
    expect(await readUntil(socket, /"summary":\{"items":1,"ok":1/)).toMatch(/^HTTP\/1\.1 200 /);
    socket.destroy();
  });
});

describe('a bad item', () => {
  it('comes back as invalid, with its place, and its neighbours are judged', async () => {
    const response = await gateway.post(PATH, {
      items: [
        GOOD,
        { ...GOOD, id: 'empty-prompt', prompt: '' },
        { ...GOOD, id: 'one-candidate', candidates: ['x'] },
        { ...GOOD, id: 'twice' },
        { ...GOOD, id: 'twice' },
        { ...GOOD, id: 'unknown-field', extra: 1 },
        { ...GOOD, id: 'surrogate', prompt: '\ud800' },
        { ...GOOD, id: 'last', metadata: { row: 8 } },
      ],
    });
    const { data, summary } = (await response.json()) as {
      data: Record<string, unknown>[];
      summary: unknown;
    };
    expect(response.status).toBe(200);
    expect(data.map(({ item_id, outcome, label }) => [item_id, outcome, label])).toEqual([
      ['item-0', 'ok', 'a'],
      ['empty-prompt', 'invalid_item', null],
      ['one-candidate', 'invalid_item', null],
      ['twice', 'ok', 'a'],
      ['twice', 'invalid_item', null],
      ['unknown-field', 'invalid_item', null],
      ['surrogate', 'invalid_item', null],
      ['last', 'ok', 'a'],
    ]);
    expect(data.map((verdict) => (verdict['error'] as { message: string } | null)?.message ?? null)).toEqual([
      null,
      'items[1].prompt must not be empty or blank',
      'items[2].candidates must have exactly 2 entries, found 1',
      null,
      'items[4].id repeats the id of items[3]',
      'items[5].extra is not a known field; allowed: id, prompt, candidates, rubric, reasons, metadata, inclusion_probability',
      'items[6].prompt must be Unicode text, found a lone surrogate',
      null,
    ]);
    expect(data[7]).toMatchObject({ metadata: { row: 8 } });
    expect(summary).toEqual({
      items: 8,
      ok: 3,
      failed: 5,
      by_tier: { small: 3 },
      by_outcome: { ok: 3, invalid_item: 5 },
      cost_usd: 0.000123,
    });
  });

  it('is one too many above 1,000', async () => {
    expect(await refusal({ items: Array.from({ length: 1001 }, () => GOOD) })).toMatchObject({
      status: 400,
      message: 'items must have at most 1000 entries, found 1001',
      param: 'items',
    });
  });
});

describe('what is not HTTP', () => {
  it.each([
    [
      'an unknown transfer coding',
      head(['content-type: application/json', 'transfer-encoding: xchunked']),
      400,
    ],
    ['two lengths', head(['content-length: 2', 'content-length: 3']), 400],
    ['a length and chunks', head(['content-length: 2', 'transfer-encoding: chunked']), 400],
    ['no host', 'GET /healthz HTTP/1.1\r\nconnection: close\r\n\r\n', 400],
    ['noise', 'hello\r\n\r\n', 400],
    ['20 kB of headers', head([`x-long: ${'x'.repeat(20_000)}`]), 431],
  ])('%s is refused, and the connection closed', async (_name, request, status) => {
    const answer = await exchangeRaw(gateway.port, request);
    expect(answer.startsWith(`HTTP/1.1 ${status} `)).toBe(true);
    expect(answer).toContain('"code":"invalid_request"');
    expect(answer).toMatch(/\r\nx-request-id: req_/i);
  });

  it('is refused so that the client can read it, however much it sent', async () => {
    const answer = await exchangeRaw(gateway.port, `hello\r\n\r\n${'x'.repeat(5_000_000)}`);
    expect(answer).toContain('"code":"invalid_request"');
  });

  it('leaves the gateway up', async () => {
    expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200);
  });
});
