import { describe, expect, it } from 'vitest';
import { labelBatchesContract } from '../contracts/label-batches.ts';
import { CONTRACT_PROBE, replicaContract } from '../contracts/replica.ts';
import { chat, eventsOf, testCall } from '../fakes/openai-replica.ts';
import { type SimulatedReplica, startSimulatedReplica } from '../fakes/simulated-replica.ts';

for (const labelIds of [true, false]) {
  const start = async () => {
    const simulated = await startSimulatedReplica(CONTRACT_PROBE, { labelIds });
    return { ...simulated, maxModelTokens: 2048, hang: () => simulated.fault({ hang: true }) };
  };
  const name = labelIds ? 'simulated vLLM' : 'simulated vLLM without label ids';
  replicaContract(name, start);
  labelBatchesContract(name, start);
}

/** How the other engines differ from what the contract takes for granted. */
const SKINS = [
  { flavour: 'trtllm', tellsContext: false, refused: { fields: { top_p: 2 }, says: 'top_p' }, lacks: [] },
  { flavour: 'sglang', tellsContext: true, refused: { fields: { top_p: 2 }, says: 'top_p' }, lacks: [] },
  { flavour: 'llamacpp', tellsContext: true, refused: { fields: { n: 999 }, says: "'n'" }, lacks: [] },
  {
    flavour: 'ollama',
    tellsContext: true,
    refused: { fields: { logprobs: true, top_logprobs: 21 }, says: 'top_logprobs' },
    lacks: ['choices'],
  },
  { flavour: 'openai', tellsContext: false, refused: undefined, lacks: [] },
] as const;

for (const { flavour, tellsContext, refused, lacks } of SKINS) {
  replicaContract(
    `simulated ${flavour}`,
    async () => {
      const simulated = await startSimulatedReplica(CONTRACT_PROBE, { flavour });
      const hang = (): Promise<void> => simulated.fault({ hang: true });
      return { ...simulated, maxModelTokens: 2048, tellsContext, hang, ...(refused && { refused }) };
    },
    { lacks },
  );
}

/** A pair as the house's templates show one; the simulated model answers A, B or C (a tie) to it. */
const PAIR = [
  'Which response is better?',
  '[prompt k3v9]\nWhat is the capital of Australia?\n[/prompt k3v9]',
  '[first k3v9]\nCanberra.\n[/first k3v9]',
  '[second k3v9]\nSydney.\n[/second k3v9]',
].join('\n\n');

const QUESTION = { labels: 'contract@1', messages: [{ role: 'user', content: PAIR }] };

async function warmed(): Promise<SimulatedReplica> {
  const simulated = await startSimulatedReplica(CONTRACT_PROBE);
  await simulated.replica.warmUp(testCall());
  return simulated;
}

describe('both routes to label probabilities', () => {
  it('agree, as far as the shorter list goes', async () => {
    await using exact = await warmed();
    await using listed = await startSimulatedReplica(CONTRACT_PROBE, { labelIds: false });
    expect(await listed.replica.warmUp(testCall())).toMatchObject({
      ok: true,
      value: { route: 'top_logprobs' },
    });
    const one = await exact.replica.distribution(QUESTION, testCall());
    const other = await listed.replica.distribution(QUESTION, testCall());
    if (!one.ok || !other.ok) throw new Error('not answered');
    expect(one.value.distribution.route).toBe('label_ids');
    expect(one.value.distribution.mass).toBeGreaterThan(0.5);
    expect(one.value.distribution.mass).toBeLessThan(0.95);
    for (const name of ['first', 'second']) {
      const truth = one.value.distribution.labels[name]!.probability;
      const bound = other.value.distribution.labels[name]!;
      expect(bound.probability).toBeLessThanOrEqual(truth + 1e-9);
      expect(bound.atMost).toBeGreaterThanOrEqual(truth - 1e-9);
    }
  });
});

describe('a label question to an engine that', () => {
  it.each([
    ['is overloaded', { overloaded: true }, { code: 'overloaded', sent: false, blamesReplica: false }],
    ['shuts down', { shuttingDown: true }, { code: 'engine_unavailable', sent: false, blamesReplica: true }],
    ['has died', { engineDead: true }, { code: 'engine_error', sent: true, blamesReplica: true }],
    ['computes NaN', { nan: true }, { code: 'engine_corrupt', sent: true, blamesReplica: true }],
    ['answers garbage', { garbageReply: true }, { code: 'engine_error' }],
    [
      'cuts its stream with a reset',
      { cutStreamAfterEvents: 1, cutStreamMode: 'reset' },
      { code: 'engine_error', blamesReplica: true },
    ],
    [
      'ends its stream too early',
      { cutStreamAfterEvents: 2, cutStreamMode: 'end' },
      { code: 'engine_error', message: 'the stream ended before its end marker', blamesReplica: true },
    ],
    ['dies in the middle', { errorEventAfterEvents: 1 }, { code: 'engine_error', blamesReplica: true }],
    [
      'fails once',
      { failNext: { count: 1, status: 500 } },
      { code: 'engine_error', sent: true, blamesReplica: false },
    ],
  ] as const)('%s is a failure', async (_, fault, failure) => {
    await using simulated = await warmed();
    await simulated.fault(fault);
    expect(await simulated.replica.distribution(QUESTION, testCall())).toMatchObject({ ok: false, failure });
    await simulated.fault({ reset: true });
    expect(await simulated.replica.distribution(QUESTION, testCall())).toMatchObject({ ok: true });
  });
});

describe('a generation by an engine that', () => {
  it.each([
    ['cuts its stream with a reset', { cutStreamAfterEvents: 3, cutStreamMode: 'reset' }],
    ['ends its stream too early', { cutStreamAfterEvents: 3, cutStreamMode: 'end' }],
    ['dies in the middle', { errorEventAfterEvents: 3 }],
  ] as const)('%s ends with a failure after its chunks', async (_, fault) => {
    await using simulated = await warmed();
    await simulated.fault(fault);
    const events = await eventsOf(
      await simulated.replica.generate(chat('x', { max_tokens: 20 }), testCall()),
    );
    expect(events.at(-1)).toMatchObject({
      type: 'failure',
      failure: { code: 'engine_error', sent: true, blamesReplica: true },
    });
    expect(events.filter((event) => event.type === 'end')).toEqual([]);
  });

  it('says nothing of usage ends with none', async () => {
    await using simulated = await warmed();
    await simulated.fault({ dropUsage: true });
    const events = await eventsOf(await simulated.replica.generate(chat('x', { max_tokens: 3 }), testCall()));
    expect(events.at(-1)).toEqual({
      type: 'end',
      usage: { inputTokens: 0, cachedInputTokens: 0, outputTokens: 0 },
    });
  });
});

describe('idle connections that the engine resets', () => {
  it('cost no call', async () => {
    await using simulated = await warmed();
    for (let n = 0; n < 5; n += 1) {
      await simulated.fault({ resetIdleConnections: true });
      expect(await simulated.replica.distribution(QUESTION, testCall())).toMatchObject({ ok: true });
    }
  });
});
