import { describe, expect, it } from 'vitest';
import type { Call } from '../../src/contracts/call.ts';
import type { EngineFailure, GenerationEvent, LabelProbe, Replica } from '../../src/contracts/engine.ts';
import { GatewayError } from '../../src/domain/errors.ts';

/** What a replica under test must be created with, so that the suite knows what to ask for. */
export const CONTRACT_PROBE: LabelProbe = {
  id: 'contract@1',
  spellings: { first: ['A', ' A'], second: ['B', ' B'] },
  context: [
    { role: 'system', content: 'You are a strict judge. Say A or B.' },
    { role: 'user', content: 'Question: 2+2?\nA: 4\nB: 5\nWhich is better?' },
  ],
};

export interface ReplicaUnderTest extends AsyncDisposable {
  /** Created with `CONTRACT_PROBE`; not warmed up. */
  readonly replica: Replica;
  /** Longest context of the model that is served. */
  readonly maxModelTokens: number;
  /** Resolves when the engine works on no request; rejects when it still does after a while. */
  idle(): Promise<void>;
  /** Makes the engine read requests and never answer; null for an engine that cannot be told to. */
  hang: (() => Promise<void>) | null;
}

/**
 * What every engine adapter must do, whichever engine is behind it. `start` gives a replica of a running
 * engine; it is called for each test. Numbers are checked against what they must be, not against a model.
 */
export function replicaContract(name: string, start: () => Promise<ReplicaUnderTest>): void {
  describe(`replica contract: ${name}`, () => {
    describeReadiness(start);
    describeDistributions(start);
    describeGenerations(start);
    describeRefusals(start);
    describeAborts(start);
  });
}

type Start = () => Promise<ReplicaUnderTest>;

function describeReadiness(start: Start): void {
  it('tells what it is when it is warm', async () => {
    await using tested = await start();
    const warm = await tested.replica.warmUp(call());
    expect(warm).toMatchObject({ ok: true, value: { finite: true, maxModelTokens: tested.maxModelTokens } });
    if (!warm.ok) return;
    const { labels, repeatError, route } = warm.value;
    expect(repeatError).toBeGreaterThanOrEqual(0);
    expect(repeatError).toBeLessThan(0.1);
    if (route !== 'label_ids') return;
    const ids = [...(labels['contract@1']?.['first'] ?? []), ...(labels['contract@1']?.['second'] ?? [])];
    expect(ids.length).toBeGreaterThanOrEqual(2);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('answers no question about labels before that', async () => {
    await using tested = await start();
    expect(await tested.replica.distribution(question('x'), call())).toMatchObject({
      ok: false,
      failure: { code: 'engine_unavailable', sent: false },
    });
  });

  it('refuses a label set that it was not told of', async () => {
    await using tested = await started(start);
    const asked = { labels: 'other@1', messages: CONTRACT_PROBE.context };
    expect(await tested.replica.distribution(asked, call())).toMatchObject({
      ok: false,
      failure: { code: 'internal', sent: false, blamesReplica: false },
    });
  });
}

function describeDistributions(start: Start): void {
  it('gives probabilities of the labels, their mass and what they cost', async () => {
    await using tested = await started(start);
    const result = await tested.replica.distribution(question('Which is better?'), call());
    if (!result.ok) throw new Error(result.failure.message);
    const { distribution, usage } = result.value;
    expect(Object.keys(distribution.labels)).toEqual(['first', 'second']);
    let sum = 0;
    for (const { probability, atMost } of Object.values(distribution.labels)) {
      expect(probability).toBeGreaterThanOrEqual(0);
      expect(atMost).toBeGreaterThanOrEqual(probability);
      expect(atMost).toBeLessThanOrEqual(1);
      sum += probability;
    }
    expect(distribution.mass).toBeCloseTo(sum, 9);
    // Labels that are not among the likeliest tokens have no mass, and still a bound above zero.
    const bounds = Object.values(distribution.labels).map(({ atMost }) => atMost);
    expect(Math.max(...bounds)).toBeGreaterThan(0);
    expect(usage.inputTokens).toBeGreaterThan(5);
    expect(usage.outputTokens).toBe(1);
    expect(usage.cachedInputTokens).toBeLessThanOrEqual(usage.inputTokens);
  });

  it('gives the same answer to the same question', async () => {
    await using tested = await started(start);
    const answers = await Promise.all(
      [1, 2, 3, 4].map((n) => tested.replica.distribution(question('Which is better?'), call(`req_${n}`))),
    );
    const firsts = answers.map((answer) =>
      answer.ok ? answer.value.distribution.labels['first'] : undefined,
    );
    for (const first of firsts) {
      expect(first?.probability).toBeCloseTo(firsts[0]?.probability ?? Number.NaN, 2);
    }
  });
}

function describeGenerations(start: Start): void {
  it('streams a chat: chunks as they were written, then the usage', async () => {
    await using tested = await start();
    const events = await take(tested, chat({ max_tokens: 8 }));
    const chunks = events.filter((event) => event.type === 'chunk');
    expect(chunks.length).toBeGreaterThan(1);
    for (const { data, value } of chunks) expect(JSON.parse(data)).toEqual(value);
    const end = events.at(-1);
    expect(end).toMatchObject({ type: 'end' });
    if (end?.type !== 'end') return;
    expect(end.usage.inputTokens).toBeGreaterThan(5);
    expect(end.usage.outputTokens).toBeGreaterThan(0);
    expect(end.usage.outputTokens).toBeLessThanOrEqual(8);
    expect(chunks.at(-1)?.value['choices']).toEqual([]);
  });

  it('streams a completion', async () => {
    await using tested = await start();
    const events = await take(tested, { kind: 'completion', body: { prompt: 'one two', max_tokens: 4 } });
    expect(events.at(-1)).toMatchObject({ type: 'end', usage: { outputTokens: expect.any(Number) } });
    const text = events.map((event) => (event.type === 'chunk' ? textOf(event.value) : '')).join('');
    expect(text.length).toBeGreaterThan(0);
  });

  it('streams several choices', async () => {
    await using tested = await start();
    const events = await take(tested, chat({ max_tokens: 4, n: 2, temperature: 1, seed: 5 }));
    const indices = events.flatMap((event) => (event.type === 'chunk' ? indicesOf(event.value) : []));
    expect(new Set(indices)).toEqual(new Set([0, 1]));
    expect(events.at(-1)?.type).toBe('end');
  });

  it('leaves log-probabilities in the chunks', async () => {
    await using tested = await start();
    const events = await take(tested, chat({ max_tokens: 2, logprobs: true, top_logprobs: 3 }));
    const texts = events.map((event) => (event.type === 'chunk' ? event.data : ''));
    expect(texts.some((text) => text.includes('"top_logprobs":[{'))).toBe(true);
    expect(events.at(-1)?.type).toBe('end');
  });
}

function describeRefusals(start: Start): void {
  it('passes on what the engine finds wrong with a request, without blaming the replica', async () => {
    await using tested = await start();
    const result = await tested.replica.generate(chat({ temperature: 3 }), call());
    expect(result).toMatchObject({
      ok: false,
      failure: { code: 'engine_rejected', sent: false, blamesReplica: false },
    });
    if (result.ok) return;
    expect(result.failure.message).toContain('temperature');
    expect(result.failure.message).not.toContain(new URL(tested.replica.url).host);
  });

  it('knows a prompt that does not fit', async () => {
    await using tested = await started(start);
    const long = 'word '.repeat(tested.maxModelTokens * 2);
    for (const result of [
      await tested.replica.distribution(question(long), call()),
      await tested.replica.generate(chat({ messages: [{ role: 'user', content: long }] }), call()),
    ]) {
      expect(result).toMatchObject({
        ok: false,
        failure: { code: 'context_overflow', sent: false, blamesReplica: false },
      });
    }
  });
}

function describeAborts(start: Start): void {
  /** Long enough to be in the middle when the caller leaves. */
  const endless = { ignore_eos: true, max_tokens: 1500 };

  it('sends nothing for a caller who has left already', async () => {
    await using tested = await start();
    const left = call();
    left.cancel();
    expect(await tested.replica.generate(chat(endless), left)).toMatchObject({
      ok: false,
      failure: { code: 'cancelled', sent: false, blamesReplica: false },
    });
  });

  it('stops the engine when the caller leaves in the middle, and says cancelled', async () => {
    await using tested = await start();
    const leaving = call();
    const result = await tested.replica.generate(chat(endless), leaving);
    if (!result.ok) throw new Error(result.failure.message);
    let last: GenerationEvent | undefined;
    for await (const event of result.value) {
      last = event;
      leaving.cancel();
    }
    expect(last).toMatchObject({ type: 'failure', failure: { code: 'cancelled', blamesReplica: false } });
    await tested.idle();
  });

  it('stops the engine when the time is over, and says so', async () => {
    await using tested = await start();
    const slow = call();
    const result = await tested.replica.generate(chat(endless), slow);
    if (!result.ok) throw new Error(result.failure.message);
    const events: GenerationEvent[] = [];
    for await (const event of result.value) {
      events.push(event);
      if (events.length === 3) slow.expire();
    }
    expect(events.at(-1)).toMatchObject({ type: 'failure', failure: { code: 'deadline_exceeded' } });
    await tested.idle();
  });

  it('stops the engine when the consumer takes no more', async () => {
    await using tested = await start();
    const result = await tested.replica.generate(chat(endless), call());
    if (!result.ok) throw new Error(result.failure.message);
    for await (const event of result.value) {
      expect(event.type).toBe('chunk');
      break;
    }
    await tested.idle();
  });

  it('leaves an engine that never answers', async ({ skip }) => {
    await using tested = await started(start);
    if (tested.hang === null) skip('this engine cannot be told to hang');
    await tested.hang?.();
    const leaving = call();
    const asked = tested.replica.distribution(question('x'), leaving);
    const generated = tested.replica.generate(chat({ max_tokens: 2 }), leaving);
    setImmediate(() => leaving.cancel());
    expect(await asked).toMatchObject({ ok: false, failure: { code: 'cancelled' } });
    expect(await endOf(generated)).toMatchObject({ code: 'cancelled' });
    await tested.idle();
  });
}

async function started(start: Start): Promise<ReplicaUnderTest> {
  const tested = await start();
  const warm = await tested.replica.warmUp(call());
  if (warm.ok) return tested;
  await tested[Symbol.asyncDispose]();
  throw new Error(`no warm-up: ${warm.failure.message}`);
}

interface ContractCall extends Call {
  cancel(): void;
  expire(): void;
}

function call(requestId = 'req_contract'): ContractCall {
  const controller = new AbortController();
  return {
    requestId,
    team: 'team',
    signal: controller.signal,
    deadline: Number.POSITIVE_INFINITY,
    cancel: () => controller.abort(new GatewayError('cancelled', 'the caller went away')),
    expire: () => controller.abort(new GatewayError('deadline_exceeded', 'the time is over')),
  };
}

function question(content: string): Parameters<Replica['distribution']>[0] {
  return { labels: 'contract@1', messages: [{ role: 'user', content }] };
}

function chat(fields: Record<string, unknown>): Parameters<Replica['generate']>[0] {
  return {
    kind: 'chat',
    body: { messages: [{ role: 'user', content: 'Say something nice.' }], temperature: 0, ...fields },
  };
}

/** The failure that a generation ended with, at its start or later; null when it ended well. */
async function endOf(generated: ReturnType<Replica['generate']>): Promise<EngineFailure | null> {
  const generation = await generated;
  if (!generation.ok) return generation.failure;
  for await (const event of generation.value) {
    if (event.type === 'failure') return event.failure;
  }
  return null;
}

async function take(
  { replica }: ReplicaUnderTest,
  request: Parameters<Replica['generate']>[0],
): Promise<GenerationEvent[]> {
  const result = await replica.generate(request, call());
  if (!result.ok) throw new Error(result.failure.message);
  const events: GenerationEvent[] = [];
  for await (const event of result.value) events.push(event);
  return events;
}

/** Text of the first choice of a completion chunk. */
function textOf(value: Readonly<Record<string, unknown>>): string {
  return choicesOf(value)
    .map((choice) => String(choice['text'] ?? ''))
    .join('');
}

function indicesOf(value: Readonly<Record<string, unknown>>): unknown[] {
  return choicesOf(value).map((choice) => choice['index']);
}

function choicesOf({ choices }: Readonly<Record<string, unknown>>): Record<string, unknown>[] {
  return Array.isArray(choices) ? choices : [];
}
