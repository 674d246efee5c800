import OpenAI, { NotFoundError, toFile } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BatchGateway, startBatchGateway } from '../fakes/batch-gateway.ts';

/** Files and batches with the unmodified OpenAI SDK, against a whole gateway with its database. */
let gateway: BatchGateway;
let client: OpenAI;
beforeAll(async () => {
  gateway = await startBatchGateway(2);
  client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'any', maxRetries: 0 });
}, 60_000);
afterAll(() => gateway?.[Symbol.asyncDispose]());

type Endpoint = OpenAI.BatchCreateParams['endpoint'];

const CHAT = '/v1/chat/completions';

function chatLine(id: string, content: string, over: Record<string, unknown> = {}): string {
  const body = { model: 'assay/default', max_tokens: 4, messages: [{ role: 'user', content }] };
  return JSON.stringify({ custom_id: id, method: 'POST', url: CHAT, body, ...over });
}

async function upload(lines: readonly string[]) {
  return client.files.create({
    file: await toFile(Buffer.from(lines.join('\n')), 'in.jsonl'),
    purpose: 'batch',
  });
}

async function create(lines: readonly string[], endpoint: Endpoint = CHAT) {
  const { id } = await upload(lines);
  return client.batches.create({ input_file_id: id, endpoint, completion_window: '24h' });
}

/** Polls until `holds`; the test's own time limit ends it. */
async function until(id: string, holds: (batch: OpenAI.Batch) => boolean): Promise<OpenAI.Batch> {
  for (;;) {
    const batch = await client.batches.retrieve(id);
    if (holds(batch)) return batch;
  }
}

const OVER: readonly string[] = ['completed', 'failed', 'expired', 'cancelled'];
const untilOver = (id: string): Promise<OpenAI.Batch> => until(id, ({ status }) => OVER.includes(status));

interface OutputLine {
  readonly custom_id: string;
  readonly response: { readonly status_code: number; readonly body: Record<string, unknown> } | null;
  readonly error: { readonly code: string | number; readonly message: string } | null;
}

async function linesOf(fileId: string | undefined | null): Promise<OutputLine[]> {
  if (fileId === undefined || fileId === null) return [];
  const text = await (await client.files.content(fileId)).text();
  // The expectations of each test say whether they are such lines.
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as OutputLine);
}

describe('files', () => {
  it('come back as they were sent, and are gone when deleted', async () => {
    const bytes = Buffer.from(`${chatLine('a', 'ü')}\n--boundary\r\n\r\n${'x'.repeat(3_000_000)}`);
    const file = await client.files.create({ file: await toFile(bytes, 'in "1".jsonl'), purpose: 'batch' });
    expect(file).toMatchObject({
      object: 'file',
      bytes: bytes.length,
      filename: 'in "1".jsonl',
      purpose: 'batch',
      status: 'processed',
    });
    expect(await client.files.retrieve(file.id)).toEqual(file);
    const content = Buffer.from(await (await client.files.content(file.id)).arrayBuffer());
    expect(content.equals(bytes)).toBe(true);
    expect(await client.files.delete(file.id)).toEqual({ id: file.id, object: 'file', deleted: true });
    await expect(client.files.retrieve(file.id)).rejects.toBeInstanceOf(NotFoundError);
    await expect(client.files.content(file.id)).rejects.toBeInstanceOf(NotFoundError);
  });

  it('are listed page by page', async () => {
    const made: string[] = [];
    for (const name of ['1', '2', '3']) {
      const file = await toFile(Buffer.from('x'), name);
      made.push((await client.files.create({ file, purpose: 'user_data' })).id);
    }
    const seen: string[] = [];
    for await (const file of client.files.list({ purpose: 'user_data', limit: 2, order: 'asc' })) {
      seen.push(file.id);
    }
    expect(seen).toEqual(made);
  });

  it('are refused without a known purpose, or without a file', async () => {
    const form = new FormData();
    form.set('purpose', 'nonsense');
    form.set('file', new Blob(['x']), 'x');
    const reply = await fetch(`${gateway.url}/v1/files`, { method: 'POST', body: form });
    expect(reply.status).toBe(400);
    expect(await reply.json()).toMatchObject({ error: { param: 'purpose', code: 'invalid_request' } });
    form.set('purpose', 'batch');
    form.delete('file');
    const empty = await fetch(`${gateway.url}/v1/files`, { method: 'POST', body: form });
    expect(await empty.json()).toMatchObject({ error: { param: 'file', code: 'invalid_request' } });
  });
});

describe('batches', () => {
  it('answer each line with what its call gives, failures in a file of their own', async () => {
    const batch = await create([
      chatLine('one', 'first'),
      chatLine('bad', 'x', { body: { model: 'nobody', messages: [{ role: 'user', content: 'x' }] } }),
      chatLine('two', 'second'),
    ]);
    expect(batch).toMatchObject({ object: 'batch', endpoint: CHAT, completion_window: '24h', errors: null });
    expect(['validating', 'in_progress']).toContain(batch.status);
    const done = await untilOver(batch.id);
    expect(done).toMatchObject({
      status: 'completed',
      request_counts: { total: 3, completed: 2, failed: 1 },
    });
    expect(done.completed_at).toBeGreaterThan(0);
    const output = await linesOf(done.output_file_id);
    expect(output.map((line) => [line.custom_id, line.response?.status_code, line.error])).toEqual([
      ['one', 200, null],
      ['two', 200, null],
    ]);
    expect(output[0]?.response?.body).toMatchObject({ object: 'chat.completion', model: 'judge' });
    const [failed, ...others] = await linesOf(done.error_file_id);
    expect(others).toEqual([]);
    expect(failed).toMatchObject({
      custom_id: 'bad',
      response: { status_code: 404, body: { error: { code: 'model_not_found' } } },
      error: { code: 404 },
    });
    const tokens = output.map(({ response }) => response?.body['usage'] as { total_tokens: number });
    expect(done.usage?.total_tokens).toBe(tokens.reduce((sum, each) => sum + each.total_tokens, 0));
    expect((await client.files.retrieve(done.output_file_id ?? '')).purpose).toBe('batch_output');
  });

  it('take feedback calls too', async () => {
    const url = '/v1/feedback/preferences';
    const body = { items: [{ prompt: 'p', candidates: ['x', 'y'] }] };
    // The SDK's type lists OpenAI's own paths; what is sent is the text.
    const batch = await create(
      [JSON.stringify({ custom_id: 'a', method: 'POST', url, body })],
      url as Endpoint,
    );
    const done = await untilOver(batch.id);
    const [line] = await linesOf(done.output_file_id);
    expect(line?.response?.body).toMatchObject({ object: 'list', data: [{ outcome: 'ok' }] });
  });

  it('fail with every line that is wrong, and ask for none', async () => {
    const batch = await create([
      chatLine('a', 'x'),
      '{"custom_id":',
      chatLine('a', 'y'),
      chatLine('b', 'z', { url: '/v1/embeddings' }),
      chatLine('c', 'z', { method: 'GET' }),
    ]);
    const done = await untilOver(batch.id);
    expect(done.status).toBe('failed');
    expect(done.failed_at).toBeGreaterThan(0);
    expect(done.errors?.data?.map(({ line, code, param }) => [line, code, param])).toEqual([
      [2, 'invalid_json_line', null],
      [3, 'duplicate_custom_id', 'custom_id'],
      [4, 'mismatched_endpoint', 'url'],
      [5, 'invalid_request', 'method'],
    ]);
    expect(done.output_file_id ?? null).toBeNull();
  });

  it('refuse what is not served at once', async () => {
    const { id } = await upload([chatLine('a', 'x')]);
    const wanted = { input_file_id: id, completion_window: '24h' as const };
    await expect(client.batches.create({ ...wanted, endpoint: '/v1/moderations' })).rejects.toMatchObject({
      status: 400,
      param: 'endpoint',
    });
    const missing = { ...wanted, input_file_id: 'file-none', endpoint: CHAT as Endpoint };
    await expect(client.batches.create(missing)).rejects.toMatchObject({
      status: 400,
      param: 'input_file_id',
    });
  });

  it('keep what was finished when they are cancelled half-way', async () => {
    const held = ['four', 'five'].map((id) => chatLine(id, '<<held>>'));
    const plain = (ids: readonly string[]): string[] => ids.map((id) => chatLine(id, id));
    const lines = [...plain(['one', 'two', 'three']), ...held, ...plain(['six', 'seven'])];
    const { id } = await create(lines);
    await until(
      id,
      ({ request_counts: counts }) => counts?.completed === 3 && gateway.engine.waiting() === 2,
    );
    const cancelling = await client.batches.cancel(id);
    expect(cancelling.status).toBe('cancelling');
    expect(cancelling.cancelling_at).toBeGreaterThan(0);
    gateway.engine.open();
    const done = await untilOver(id);
    expect(done).toMatchObject({
      status: 'cancelled',
      request_counts: { total: 7, completed: 5, failed: 2 },
    });
    const output = await linesOf(done.output_file_id);
    expect(output.map((line) => line.custom_id)).toEqual(['one', 'two', 'three', 'four', 'five']);
    const errors = await linesOf(done.error_file_id);
    expect(errors.map((line) => [line.custom_id, line.response, line.error?.code])).toEqual([
      ['six', null, 'batch_cancelled'],
      ['seven', null, 'batch_cancelled'],
    ]);
  });

  it('are listed, the newest first, page by page', async () => {
    const seen: number[] = [];
    for await (const batch of client.batches.list({ limit: 2 })) seen.push(batch.created_at);
    expect(seen).toHaveLength(4);
    expect(seen).toEqual([...seen].sort((one, other) => other - one));
  });
});
