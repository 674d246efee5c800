import OpenAI, { APIError, NotFoundError } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BatchGateway, startBatchGateway } from '../fakes/batch-gateway.ts';

/** Responses in the background with the unmodified OpenAI SDK, against a whole gateway with its database. */
let gateway: BatchGateway;
let client: OpenAI;
beforeAll(async () => {
  gateway = await startBatchGateway(2);
  client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'any', maxRetries: 0 });
}, 60_000);
afterAll(() => gateway?.[Symbol.asyncDispose]());

function create(input: string, over: Partial<OpenAI.Responses.ResponseCreateParamsNonStreaming> = {}) {
  return client.responses.create({
    model: 'assay/default',
    input,
    background: true,
    max_output_tokens: 4,
    ...over,
  });
}

/** Polls until it has ended; the test's own time limit ends it. */
async function untilOver(id: string): Promise<OpenAI.Responses.Response> {
  for (;;) {
    const response = await client.responses.retrieve(id);
    if (response.status !== 'queued' && response.status !== 'in_progress') return response;
  }
}

async function untilHeld(count: number): Promise<void> {
  while (gateway.engine.waiting() !== count) await new Promise((resolve) => setImmediate(resolve));
}

describe('responses in the background', () => {
  it('are created at once and fetched when they are done', async () => {
    const begun = await create('Is flour safe?', { metadata: { step: '7' } });
    expect(begun).toMatchObject({
      object: 'response',
      status: 'queued',
      background: true,
      store: true,
      output: [],
      metadata: { step: '7' },
      max_output_tokens: 4,
    });
    const done = await untilOver(begun.id);
    expect(done).toMatchObject({
      id: begun.id,
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      created_at: begun.created_at,
      background: true,
      metadata: { step: '7' },
    });
    expect(done.output_text).not.toBe('');
    expect(done.usage?.output_tokens).toBeGreaterThan(0);
    expect(done.output[0]?.id).toContain(begun.id);
  });

  it('are cancelled while the engine works, and stay so', async () => {
    const begun = await create('<<held>> a');
    await untilHeld(1);
    expect((await client.responses.retrieve(begun.id)).status).toBe('in_progress');
    expect((await client.responses.cancel(begun.id)).status).toBe('cancelled');
    await untilHeld(0);
    expect((await client.responses.cancel(begun.id)).status).toBe('cancelled');
    expect(await untilOver(begun.id)).toMatchObject({ status: 'cancelled', output: [], usage: null });
  });

  it('stay as they ended when they are cancelled too late', async () => {
    const done = await untilOver((await create('quick')).id);
    expect(await client.responses.cancel(done.id)).toMatchObject({
      status: done.status,
      output: done.output,
    });
  });

  it('are gone when deleted, also while the engine works', async () => {
    const { id } = await create('<<held>> b');
    await untilHeld(1);
    await client.responses.delete(id);
    await untilHeld(0);
    await expect(client.responses.retrieve(id)).rejects.toBeInstanceOf(NotFoundError);
    await expect(client.responses.delete(id)).rejects.toBeInstanceOf(NotFoundError);
    await expect(client.responses.cancel(id)).rejects.toBeInstanceOf(NotFoundError);
  });

  it('stream their events, and go on after the last one that was seen', async () => {
    const stream = await client.responses.create({
      model: 'assay/default',
      input: 'tell',
      background: true,
      stream: true,
      max_output_tokens: 4,
    });
    const types: string[] = [];
    let id = '';
    for await (const event of stream) {
      types.push(event.type);
      expect(event.sequence_number).toBe(types.length - 1);
      if (event.type === 'response.created') id = event.response.id;
    }
    expect(types.slice(0, 4)).toEqual([
      'response.created',
      'response.queued',
      'response.in_progress',
      'response.output_item.added',
    ]);
    expect(types.at(-1)).toBe('response.incomplete');
    const again: string[] = [];
    for await (const event of await client.responses.retrieve(id, { stream: true, starting_after: 2 })) {
      again.push(event.type);
    }
    expect(again).toEqual(types.slice(3));
  });

  it('fail with the reason when their call fails', async () => {
    // A role that the engine does not know.
    const { id } = await create('x', { input: [{ role: 'nobody' as 'user', content: 'x' }] });
    const done = await untilOver(id);
    expect(done).toMatchObject({ status: 'failed', output: [], error: { code: 'invalid_prompt' } });
    expect(done.error?.message).toContain('nobody');
  });

  it('are refused at once when they cannot be read, or name no model', async () => {
    const problems = create('x', { store: false, max_output_tokens: 0 });
    await expect(problems).rejects.toMatchObject({ status: 400 });
    await expect(problems).rejects.toBeInstanceOf(APIError);
    await expect(create('x', { model: 'nobody' })).rejects.toMatchObject({ status: 404 });
    const reply = await fetch(`${gateway.url}/v1/responses/resp_1?stream=maybe&starting_after=-3`);
    expect(reply.status).toBe(400);
  });

  it('are no jobs or batches to anybody', async () => {
    const { id } = await create('quick');
    for (const path of [`/v1/feedback/jobs/${id}`, `/v1/batches/${id}`]) {
      expect((await fetch(gateway.url + path)).status).toBe(404);
    }
    const jobs = await (await fetch(`${gateway.url}/v1/feedback/jobs`)).json();
    expect(jobs).toMatchObject({ data: [] });
  });
});
