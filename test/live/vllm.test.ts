import { describe, expect, it } from 'vitest';
import { createOpenAiReplica } from '../../src/engines/openai/replica.ts';
import { createSystemClock } from '../../src/telemetry/system-clock.ts';
import { labelBatchesContract } from '../contracts/label-batches.ts';
import { CONTRACT_PROBE, replicaContract, type ReplicaUnderTest } from '../contracts/replica.ts';
import { eventsOf, testCall } from '../fakes/openai-replica.ts';

const url = process.env['ASSAY_LIVE_VLLM_URL'] ?? '';
const model = process.env['ASSAY_LIVE_VLLM_MODEL'] ?? '';
const given = url !== '' && model !== '';

const start = (): Promise<ReplicaUnderTest> => startLive(url, model);

describe.skipIf(given)('vLLM', () => {
  it('needs the address of one', ({ skip }) => skip('set ASSAY_LIVE_VLLM_URL and ASSAY_LIVE_VLLM_MODEL'));
});

describe.runIf(given)('vLLM', () => {
  replicaContract('live', start);
  labelBatchesContract('live', start);

  it('reads labels by their ids and tells its version', async () => {
    await using tested = await start();
    expect(await tested.replica.warmUp(testCall())).toMatchObject({
      ok: true,
      value: { model, route: 'label_ids', version: expect.any(String), fingerprint: expect.any(String) },
    });
  });

  it('takes the priority of each class and a salt', async () => {
    await using tested = await startLive(url, model, { priority: true, isolate: true });
    expect(await tested.replica.warmUp(testCall())).toMatchObject({
      ok: true,
      value: { capabilities: { priority: true, cacheSalt: true, load: true, topLogprobs: 20 } },
    });
    const asked = { labels: CONTRACT_PROBE.id, messages: CONTRACT_PROBE.context, rubric: 'default' };
    for (const urgency of ['interactive', 'trainer', 'batch', 'audit'] as const) {
      const answer = await tested.replica.distribution(asked, { ...testCall(), class: urgency });
      expect(answer).toMatchObject({ ok: true });
    }
  });

  it('gives prompt log-probabilities as one whole chunk', async () => {
    await using tested = await start();
    const body = { messages: [{ role: 'user', content: 'x' }], max_tokens: 2, prompt_logprobs: 1 };
    const events = await eventsOf(await tested.replica.generate({ kind: 'chat', body }, testCall()));
    expect(events).toMatchObject([
      { type: 'chunk', value: { object: 'chat.completion', prompt_logprobs: expect.any(Array) } },
      { type: 'end', usage: { outputTokens: expect.any(Number) } },
    ]);
  });
});

async function startLive(
  address: string,
  served: string,
  marks: { readonly priority?: boolean; readonly isolate?: boolean } = {},
): Promise<ReplicaUnderTest> {
  const replica = createOpenAiReplica({
    url: address,
    model: served,
    flavour: 'vllm',
    labelProbes: [CONTRACT_PROBE],
    ...marks,
    limits: { connections: 16, replyBytes: 10_000_000, connectTimeoutMs: 5_000 },
    clock: createSystemClock(),
  });
  return {
    replica,
    maxModelTokens: await maxModelTokens(address, served),
    idle: () => untilIdle(address),
    hang: null,
    [Symbol.asyncDispose]: () => replica.close(),
  };
}

async function maxModelTokens(address: string, served: string): Promise<number> {
  const reply = await fetch(`${address}/v1/models`);
  // The shape is vLLM's; a wrong one fails the test below.
  const { data } = (await reply.json()) as { data: { id: string; max_model_len: number }[] };
  return data.find(({ id }) => id === served)?.max_model_len ?? Number.NaN;
}

/** Asks until nothing runs or waits any more; the counters of a busy engine lag a little. */
async function untilIdle(address: string): Promise<void> {
  for (let asked = 0; asked < 2_000; asked += 1) {
    const reply = await fetch(`${address}/metrics`);
    const metrics = await reply.text();
    const counts = [...metrics.matchAll(/^vllm:num_requests_(?:running|waiting)\{[^}]*\} (\S+)$/gm)];
    if (counts.length > 0 && counts.every(([, count]) => Number(count) === 0)) return;
  }
  throw new Error('the engine still works on a request that was aborted');
}
