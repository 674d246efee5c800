import { describe, expect, it } from 'vitest';
import type { EngineResult, GenerationEvent, LabelProbe, Replica } from '../../src/contracts/engine.ts';
import { call, chat, type ContractCall, endOf, indicesOf, question, take, textOf } from './replica-calls.ts';

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
  /** False for an engine that does not tell the length of its context. */
  readonly tellsContext?: boolean;
  /** A chat field that the engine refuses, and a word of what it says; by default `temperature: 3`. */
  readonly refused?: { readonly fields: Readonly<Record<string, unknown>>; readonly says: string };
}

/**
 * What an engine kind cannot do. `choices`: give several answers to one request; `labels`: tell the probabilities of tokens to a judge; `logprobs`: show them
 * in a text; `streaming`: send a text before it is whole; `ignore_eos`: write on past the end of a text (its
 * model here must do so by itself).
 */
export type Lack = 'choices' | 'labels' | 'logprobs' | 'streaming' | 'ignore_eos';

/**
 * What every engine adapter must do, whichever engine is behind it. `start` gives a replica of a running
 * engine; it is called for each test. Numbers are checked against what they must be, not against a model.
 * What an engine kind `lacks` it must refuse in clear words, or show for what it is.
 */
export function replicaContract(
  name: string,
  start: () => Promise<ReplicaUnderTest>,
  { lacks = [] }: { readonly lacks?: readonly Lack[] } = {},
): void {
  describe(`replica contract: ${name}`, () => {
    if (lacks.includes('labels')) describeNoJudge(start);
    else {
      describeReadiness(start);
      describeDistributions(start);
    }
    describeGenerations(start);
    if (lacks.includes('choices')) describeOneChoice(start);
    else describeChoices(start);
    if (lacks.includes('logprobs')) describeNoLogprobs(start);
    else describeLogprobs(start);
    if (lacks.includes('streaming')) describeNoStreaming(start);
    if (lacks.includes('ignore_eos')) describeNoIgnoringOfEnds(start);
    describeRefusals(start, lacks);
    describeAborts(start, lacks);
  });
}

type Start = () => Promise<ReplicaUnderTest>;

function describeNoJudge(start: Start): void {
  it('says at warm-up that it cannot be a judge, and answers no question about labels', async () => {
    await using tested = await start();
    const warm = await tested.replica.warmUp(call());
    expect(warm).toMatchObject({
      ok: false,
      failure: {
        code: 'engine_rejected',
        message: expect.stringContaining('cannot be a judge'),
        blamesReplica: true,
      },
    });
    expect(await tested.replica.distribution(question('x'), call())).toMatchObject({
      ok: false,
      failure: { code: 'engine_unavailable', sent: false },
    });
  });
}

function describeReadiness(start: Start): void {
  it('tells what it is when it is warm', async () => {
    await using tested = await start();
    const warm = await tested.replica.warmUp(call());
    expect(warm).toMatchObject({
      ok: true,
      value: { finite: true, maxModelTokens: tested.tellsContext === false ? null : tested.maxModelTokens },
    });
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
    // Forced labels cost one request for each of the four spellings.
    expect(usage.outputTokens).toBe(distribution.route === 'forced' ? 4 : 1);
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
    const events = await take(tested.replica, chat({ max_tokens: 8 }));
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
    const events = await take(tested.replica, {
      kind: 'completion',
      body: { prompt: 'one two', max_tokens: 4 },
    });
    expect(events.at(-1)).toMatchObject({ type: 'end', usage: { outputTokens: expect.any(Number) } });
    const text = events.map((event) => (event.type === 'chunk' ? textOf(event.value) : '')).join('');
    expect(text.length).toBeGreaterThan(0);
  });
}

function describeOneChoice(start: Start): void {
  it('refuses to give several choices', async () => {
    await using tested = await start();
    expect(await tested.replica.generate(chat({ n: 2 }), call())).toMatchObject({
      ok: false,
      failure: { code: 'engine_rejected', sent: false, blamesReplica: false },
    });
  });
}

function describeChoices(start: Start): void {
  it('streams several choices', async () => {
    await using tested = await start();
    const events = await take(tested.replica, chat({ max_tokens: 4, n: 2, temperature: 1, seed: 5 }));
    const indices = events.flatMap((event) => (event.type === 'chunk' ? indicesOf(event.value) : []));
    expect(new Set(indices)).toEqual(new Set([0, 1]));
    expect(events.at(-1)?.type).toBe('end');
  });
}

function describeLogprobs(start: Start): void {
  it('leaves log-probabilities in the chunks', async () => {
    await using tested = await start();
    const events = await take(tested.replica, chat({ max_tokens: 2, logprobs: true, top_logprobs: 3 }));
    const texts = events.map((event) => (event.type === 'chunk' ? event.data : ''));
    expect(texts.some((text) => text.includes('"top_logprobs":[{'))).toBe(true);
    expect(events.at(-1)?.type).toBe('end');
  });
}

function describeNoLogprobs(start: Start): void {
  it('has no log-probabilities', async () => {
    await using tested = await start();
    await expectRefusal(tested, { max_tokens: 2, logprobs: true }, 'logprobs');
  });
}

function describeNoStreaming(start: Start): void {
  it('gives a text as a whole', async () => {
    await using tested = await start();
    const events = await take(tested.replica, {
      kind: 'completion',
      body: { prompt: 'one two', max_tokens: 4 },
    });
    const pieces = events.flatMap((event) => (event.type === 'chunk' ? [textOf(event.value)] : []));
    expect(pieces.filter((piece) => piece !== '')).toHaveLength(1);
  });
}

function describeNoIgnoringOfEnds(start: Start): void {
  it('cannot be told to write past the end', async () => {
    await using tested = await start();
    await expectRefusal(tested, { ignore_eos: true }, 'ignore_eos');
  });
}

function describeRefusals(start: Start, lacks: readonly Lack[]): void {
  it('passes on what the engine finds wrong with a request, without blaming the replica', async () => {
    await using tested = await start();
    const { fields, says } = tested.refused ?? { fields: { temperature: 3 }, says: 'temperature' };
    const result = await tested.replica.generate(chat(fields), call());
    expect(result).toMatchObject({
      ok: false,
      failure: { code: 'engine_rejected', sent: false, blamesReplica: false },
    });
    if (result.ok) return;
    expect(result.failure.message).toContain(says);
    expect(result.failure.message).not.toContain(new URL(tested.replica.url).host);
  });

  it('knows a prompt that does not fit', async () => {
    await using tested = await started(start, lacks);
    const long = 'word '.repeat(tested.maxModelTokens * 2);
    const messages = [{ role: 'user', content: long }];
    const results: EngineResult<unknown>[] = [await tested.replica.generate(chat({ messages }), call())];
    if (!lacks.includes('labels')) results.push(await tested.replica.distribution(question(long), call()));
    for (const result of results) {
      expect(result).toMatchObject({
        ok: false,
        failure: { code: 'context_overflow', sent: false, blamesReplica: false },
      });
    }
  });
}

function describeAborts(start: Start, lacks: readonly Lack[]): void {
  /** Long enough to be in the middle when the caller leaves. */
  const endless = { ...(lacks.includes('ignore_eos') ? {} : { ignore_eos: true }), max_tokens: 1500 };

  it('sends nothing for a caller who has left already', async () => {
    await using tested = await start();
    const left = call();
    left.cancel();
    expect(await tested.replica.generate(chat(endless), left)).toMatchObject({
      ok: false,
      failure: { code: 'cancelled', sent: false, blamesReplica: false },
    });
  });

  if (lacks.includes('streaming')) describeAbortsOfWholes(start, endless);
  else describeAbortsInTheMiddle(start, endless);

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
    await using tested = await started(start, lacks);
    if (tested.hang === null) skip('this engine cannot be told to hang');
    await tested.hang?.();
    const leaving = call();
    const asked = lacks.includes('labels') ? null : tested.replica.distribution(question('x'), leaving);
    const generated = tested.replica.generate(chat({ max_tokens: 2 }), leaving);
    setImmediate(() => leaving.cancel());
    if (asked !== null) expect(await asked).toMatchObject({ ok: false, failure: { code: 'cancelled' } });
    expect(await endOf(generated)).toMatchObject({ code: 'cancelled' });
    await tested.idle();
  });
}

function describeAbortsInTheMiddle(start: Start, endless: Readonly<Record<string, unknown>>): void {
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
}

/** Of a text that comes as a whole there is no middle: the caller leaves while the engine writes it. */
function describeAbortsOfWholes(start: Start, endless: Readonly<Record<string, unknown>>): void {
  it.each([
    ['the caller leaves', 'cancelled', (leaving: ContractCall) => leaving.cancel()],
    ['the time is over', 'deadline_exceeded', (leaving: ContractCall) => leaving.expire()],
  ] as const)('stops the engine when %s, and says %s', async (_, code, leave) => {
    await using tested = await start();
    const leaving = call();
    const generated = tested.replica.generate(chat(endless), leaving);
    setImmediate(() => leave(leaving));
    expect(await endOf(generated)).toMatchObject({ code, blamesReplica: false });
    await tested.idle();
  });
}

async function expectRefusal(
  { replica }: ReplicaUnderTest,
  fields: Readonly<Record<string, unknown>>,
  field: string,
): Promise<void> {
  expect(await replica.generate(chat(fields), call())).toMatchObject({
    ok: false,
    failure: {
      code: 'engine_rejected',
      message: `this engine kind has no "${field}"`,
      sent: false,
      blamesReplica: false,
    },
  });
}

/** An engine that cannot be a judge is used as it is: its warm-up as one is refused. */
async function started(start: Start, lacks: readonly Lack[] = []): Promise<ReplicaUnderTest> {
  const tested = await start();
  if (lacks.includes('labels')) return tested;
  const warm = await tested.replica.warmUp(call());
  if (warm.ok) return tested;
  await tested[Symbol.asyncDispose]();
  throw new Error(`no warm-up: ${warm.failure.message}`);
}
