import { describe, expect, it } from 'vitest';
import { createOpenAiReplica } from '../../src/engines/openai/replica.ts';
import { createSystemClock } from '../../src/telemetry/system-clock.ts';
import { CONTRACT_PROBE, replicaContract, type ReplicaUnderTest } from '../contracts/replica.ts';
import { chat, eventsOf, testCall } from '../fakes/openai-replica.ts';

const url = process.env['ASSAY_LIVE_LLAMACPP_URL'] ?? '';
const model = process.env['ASSAY_LIVE_LLAMACPP_MODEL'] ?? '';
const given = url !== '' && model !== '';

describe.skipIf(given)('llama.cpp', () => {
  it('needs the address of one', ({ skip }) =>
    skip('set ASSAY_LIVE_LLAMACPP_URL and ASSAY_LIVE_LLAMACPP_MODEL; start it with --metrics and 2 slots'));
});

describe.runIf(given)('llama.cpp', () => {
  replicaContract('live', start);

  it('lists label ids among many likely tokens, and tells what it can', async () => {
    await using tested = await start();
    expect(await tested.replica.warmUp(testCall())).toMatchObject({
      ok: true,
      value: {
        model,
        route: 'top_logprobs',
        version: expect.any(String),
        labels: { 'contract@1': { first: [expect.any(Number), expect.any(Number)] } },
        reportsCachedTokens: true,
        capabilities: {
          routes: ['top_logprobs'],
          topLogprobs: 256,
          tokenizer: true,
          promptArrays: true,
          labelBatch: 0,
          structuredOutput: true,
          priority: false,
          cacheSalt: false,
          load: true,
        },
      },
    });
  });

  it('tells its load', async () => {
    await using tested = await start();
    expect(await tested.replica.load?.(testCall())).toEqual({
      ok: true,
      value: { running: 0, waiting: 0, cacheUse: null },
    });
  });

  it('counts the answers of all choices', async () => {
    await using tested = await start();
    const asked = chat('x', { n: 2, max_tokens: 3, ignore_eos: true });
    const events = await eventsOf(await tested.replica.generate(asked, testCall()));
    expect(events.at(-1)).toMatchObject({ type: 'end', usage: { outputTokens: 6 } });
  });

  it('calls half a surrogate pair the caller’s fault', async () => {
    await using tested = await start();
    expect(await tested.replica.generate(chat('\ud800'), testCall())).toMatchObject({
      ok: false,
      failure: { code: 'engine_rejected', blamesReplica: false },
    });
  });
});

async function start(): Promise<ReplicaUnderTest> {
  const replica = createOpenAiReplica({
    url,
    model,
    flavour: 'llamacpp',
    labelProbes: [CONTRACT_PROBE],
    limits: { connections: 16, replyBytes: 10_000_000, connectTimeoutMs: 5_000 },
    clock: createSystemClock(),
  });
  return {
    replica,
    maxModelTokens: await slotContext(),
    idle: untilIdle,
    hang: null,
    refused: { fields: { n: 999 }, says: "'n'" },
    [Symbol.asyncDispose]: () => replica.close(),
  };
}

async function slotContext(): Promise<number> {
  const reply = await fetch(`${url}/props`);
  // The server's own shape; a wrong one fails the tests.
  const { default_generation_settings: settings } = (await reply.json()) as {
    default_generation_settings: { n_ctx: number };
  };
  return settings.n_ctx;
}

/** Asks until no slot is busy and nothing waits. */
async function untilIdle(): Promise<void> {
  for (let asked = 0; asked < 2_000; asked += 1) {
    const metrics = await (await fetch(`${url}/metrics`)).text();
    const counts = [...metrics.matchAll(/^llamacpp:requests_(?:processing|deferred) (\S+)$/gm)];
    if (counts.length > 0 && counts.every(([, count]) => Number(count) === 0)) return;
  }
  throw new Error('the engine still works on a request that was aborted');
}
