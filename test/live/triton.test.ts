import { describe, expect, it } from 'vitest';
import type { GenerationEvent, Replica } from '../../src/contracts/engine.ts';
import { BACKENDS, type BackendName } from '../../src/engines/triton/backends.ts';
import { labelBatchesContract } from '../contracts/label-batches.ts';
import { CONTRACT_PROBE } from '../contracts/replica.ts';
import { chat, eventsOf, testCall } from '../fakes/openai-replica.ts';
import { testTritonReplica } from '../fakes/triton-replica.ts';

/** Models as `backend:model,…`, such as `vllm:vllm_model,tensorrtllm:ensemble`. */
const url = process.env['ASSAY_LIVE_TRITON_URL'] ?? '';
const models = (process.env['ASSAY_LIVE_TRITON_MODELS'] ?? '').split(',').filter((note) => note !== '');
const tokenizer = process.env['ASSAY_LIVE_TRITON_TOKENIZER'];
const given = url !== '' && models.length > 0;

const targets = models.map((note): { backend: BackendName; model: string } => {
  const [backend = '', model = ''] = note.split(':');
  if (!isBackend(backend)) throw new Error(`no such backend: ${backend}`);
  return { backend, model };
});

function isBackend(name: string): name is BackendName {
  return Object.hasOwn(BACKENDS, name);
}

type Target = (typeof targets)[number];

function replicaOf(target: Target, labels: boolean, file?: string): Replica & AsyncDisposable {
  return testTritonReplica(url, {
    ...target,
    labelProbes: labels ? [CONTRACT_PROBE] : [],
    ...(file === undefined ? {} : { tokenizer: file }),
  });
}

const QUESTION = { labels: 'contract@1', messages: [{ role: 'user', content: 'Which is better, A or B?' }] };

async function labelsOf(target: Target, file?: string): Promise<Record<string, number>> {
  await using replica = replicaOf(target, true, file);
  const warm = await replica.warmUp(testCall());
  if (!warm.ok) throw new Error(warm.failure.message);
  const answer = await replica.distribution(QUESTION, testCall());
  if (!answer.ok) throw new Error(answer.failure.message);
  const { labels, mass } = answer.value.distribution;
  return {
    mass,
    ...Object.fromEntries(Object.entries(labels).map(([name, { probability }]) => [name, probability])),
  };
}

describe.each(given ? [] : ['Triton'])('%s', () => {
  it('needs the address of one', ({ skip }) =>
    skip('set ASSAY_LIVE_TRITON_URL and ASSAY_LIVE_TRITON_MODELS'));
});

const asked = given ? targets : [];
const judges = asked.filter(({ backend }) => backend !== 'llmapi');
const others = asked.filter(({ backend }) => backend === 'llmapi');

describe.each(judges)('Triton judging, $backend as $model', (target) => {
  it('tells what it is and gives probabilities', async () => {
    await using replica = replicaOf(target, true);
    const warm = await replica.warmUp(testCall());
    expect(warm).toMatchObject({
      ok: true,
      value: {
        model: target.model,
        version: expect.any(String),
        route: target.backend === 'vllm' ? 'top_logprobs' : 'forced',
      },
    });
    const { first, second, mass } = await labelsOf(target);
    expect(mass).toBeGreaterThan(0);
    expect(first! + second!).toBeCloseTo(mass!, 9);
    expect(mass).toBeLessThanOrEqual(1);
  });
});

describe.each(tokenizer === undefined ? [] : judges.filter(({ backend }) => backend !== 'vllm'))(
  'Triton judging, $backend as $model',
  (target) => {
    it('gives the same over generation_logits and over forced labels', async () => {
      const exact = await labelsOf(target, tokenizer);
      const forced = await labelsOf(target);
      expect(forced['first']).toBeCloseTo(exact['first']!, 3);
      expect(forced['second']).toBeCloseTo(exact['second']!, 3);
    });
  },
);

// The core itself checks the shapes of a batch; models that stream take no rows.
for (const target of tokenizer === undefined
  ? []
  : judges.filter(({ backend }) => backend === 'tensorrtllm')) {
  labelBatchesContract(`Triton, ${target.model}`, async () => {
    const replica = replicaOf(target, true, tokenizer);
    const idle = () => Promise.resolve();
    return { replica, maxModelTokens: 2048, idle, hang: null, [Symbol.asyncDispose]: () => replica.close() };
  });
}

describe.each(others)('Triton, $backend as $model', (target) => {
  it('is no judge', async () => {
    await using replica = replicaOf(target, true);
    expect(await replica.warmUp(testCall())).toMatchObject({
      ok: false,
      failure: { code: 'engine_rejected' },
    });
  });
});

describe.each(asked)('Triton, $backend as $model', (target) => {
  it('writes a text and says why it ended', async () => {
    await using replica = replicaOf(target, false);
    expect(await replica.warmUp(testCall())).toMatchObject({ ok: true });
    const events = await eventsOf(
      await replica.generate(chat('Say something.', { max_tokens: 5 }), testCall()),
    );
    expect(events.at(-1)?.type).toBe('end');
    expect(events.map(reasonOf).filter((reason) => reason !== null)).toEqual(['length']);
  });

  it('leaves a text in the middle', async () => {
    await using replica = replicaOf(target, false);
    const leaving = testCall();
    const asked = replica.generate(chat('Say something.', { max_tokens: 100 }), leaving);
    setImmediate(() => leaving.cancel());
    const generation = await asked;
    const events = generation.ok ? await eventsOf(generation) : [];
    const failure = generation.ok ? failureOf(events.at(-1)) : generation.failure;
    expect(failure).toMatchObject({ code: 'cancelled', blamesReplica: false });
  });

  it('keeps to its time', async () => {
    await using replica = replicaOf(target, false);
    const soon = { ...testCall(), deadline: performance.now() + 100 };
    const generation = await replica.generate(chat('Say something.', { max_tokens: 1_000 }), soon);
    const failure = generation.ok ? failureOf((await eventsOf(generation)).at(-1)) : generation.failure;
    expect(failure).toMatchObject({ code: 'deadline_exceeded' });
  });

  it('refuses what it cannot do', async () => {
    await using replica = replicaOf(target, false);
    expect(await replica.generate(chat('x', { tools: [] }), testCall())).toMatchObject({
      ok: false,
      failure: { code: 'engine_rejected', message: 'this engine kind has no "tools"', sent: false },
    });
  });
});

describe.each(given ? ['Triton'] : [])('%s', () => {
  it('does not serve what it has not', async () => {
    await using replica = replicaOf({ backend: 'vllm', model: 'no-such-model' }, true);
    expect(await replica.warmUp(testCall())).toMatchObject({
      ok: false,
      failure: { code: 'model_not_found', blamesReplica: true },
    });
  });
});

function reasonOf(event: GenerationEvent): string | null {
  if (event.type !== 'chunk') return null;
  // The shape is the adapter's own.
  const [choice] = event.value['choices'] as { finish_reason?: string | null }[];
  return choice?.finish_reason ?? null;
}

function failureOf(event: GenerationEvent | undefined): unknown {
  return event?.type === 'failure' ? event.failure : null;
}
