import { describe, expect, it } from 'vitest';
import { ChunkReader } from '../../../../src/engines/openai/chunk-reader.ts';

/** A reader of a stream with `choices`. */
function readerOf(needsMarker: boolean, choices = 1): ChunkReader {
  return new ChunkReader({ needsMarker, choices, usageOfOneChoice: false });
}

const chunk = (index: number, finish: string | null, extra: Record<string, unknown> = {}): string =>
  JSON.stringify({ choices: [{ index, delta: { content: 'x' }, finish_reason: finish, ...extra }] });
const USAGE =
  '{"choices":[],"usage":{"prompt_tokens":68,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":64}}}';

function endOf(events: readonly string[], needsMarker = true, choices = 1): unknown {
  const reader = readerOf(needsMarker, choices);
  for (const event of events) {
    const read = reader.read(event);
    if (read?.type === 'failure') return read;
  }
  return reader.end();
}

describe('reading a generation', () => {
  it('passes the text of a chunk on untouched', () => {
    const data = '{ "choices" : [ ] , "odd":1.50 }';
    expect(readerOf(true).read(data)).toEqual({
      type: 'chunk',
      data,
      value: { choices: [], odd: 1.5 },
    });
  });

  it('ends with the usage of the last chunk that told it', () => {
    const early = '{"choices":[],"usage":{"prompt_tokens":68,"completion_tokens":1}}';
    expect(endOf([early, chunk(0, 'stop'), USAGE, '[DONE]'])).toEqual({
      type: 'end',
      usage: { inputTokens: 68, cachedInputTokens: 64, outputTokens: 5 },
    });
  });

  it('follows each choice by its index', () => {
    const both = [chunk(0, null), chunk(1, null), chunk(1, 'stop')];
    expect(endOf([...both, '[DONE]'], true, 2)).toMatchObject({
      type: 'failure',
      failure: { code: 'engine_error' },
    });
    expect(endOf([...both, chunk(0, 'length'), '[DONE]'], true, 2)).toMatchObject({ type: 'end' });
  });

  it.each([
    ['that was not asked for', [chunk(1, 'stop'), '[DONE]'], 1],
    ['with a number that is none', [chunk(-1, 'stop'), '[DONE]'], 1],
    ['that ends twice', [chunk(0, 'stop'), chunk(0, 'stop'), '[DONE]'], 1],
    ['that never came', [chunk(0, 'stop'), '[DONE]'], 2],
  ] as const)('takes a choice %s for a failure', (_, events, choices) => {
    expect(endOf(events, true, choices)).toMatchObject({
      type: 'failure',
      failure: { code: 'engine_error', blamesReplica: true },
    });
  });

  it.each([
    ['repetition', 'length'],
    ['some_new_word', 'stop'],
  ])('writes the finish reason %s in a word that clients know', (reason, known) => {
    const event = readerOf(true).read(chunk(0, reason));
    expect(event).toMatchObject({ type: 'chunk', value: { choices: [{ finish_reason: known }] } });
    if (event?.type === 'chunk') expect(JSON.parse(event.data)).toEqual(event.value);
  });

  it.each(['timeout', 'cancelled', 'error'])('takes an answer that ended by %s for a failure', (reason) => {
    expect(endOf([chunk(0, reason), '[DONE]'])).toMatchObject({ type: 'failure' });
  });

  it('adds up the usages of choices that have their own', () => {
    const reader = new ChunkReader({ needsMarker: false, choices: 2, usageOfOneChoice: true });
    for (const event of [chunk(0, 'stop'), USAGE, chunk(1, 'stop'), USAGE]) reader.read(event);
    expect(reader.end()).toMatchObject({ type: 'end', usage: { inputTokens: 68, outputTokens: 10 } });
  });

  it.each([
    ['nothing at all', [], true],
    ['a marker alone', ['[DONE]'], true],
    ['no marker where the flavour always writes one', [chunk(0, 'stop')], true],
    ['no marker and no finish reason', [chunk(0, null)], false],
    ['a choice that the engine gave up', [chunk(0, 'abort'), '[DONE]'], true],
  ] as const)('takes %s for a failure', (_, events, needsMarker) => {
    expect(endOf(events, needsMarker)).toMatchObject({
      type: 'failure',
      failure: { code: 'engine_error', sent: true },
    });
  });

  it('does without the marker where the flavour may leave it out', () => {
    expect(endOf([chunk(0, null), chunk(0, 'stop')], false)).toMatchObject({ type: 'end' });
  });

  it.each([
    ['an error object', '{"error":{"message":"odd","code":500}}', 'engine_error'],
    ['an error text', '{"error":"EngineCore encountered an issue."}', 'engine_error'],
    ['no JSON', '<html>', 'engine_error'],
    ['a JSON list', '[1]', 'engine_error'],
    ['NaN written as it is', '{"choices":[{"logprob":NaN}]}', 'engine_corrupt'],
    ['-Infinity written as it is', '{"choices":[{"logprob": -Infinity}]}', 'engine_corrupt'],
    [
      'a null log-probability',
      chunk(0, null, { logprobs: { content: [{ token: 'x', logprob: null }] } }),
      'engine_corrupt',
    ],
  ])('takes %s for a failure', (_, event, code) => {
    expect(readerOf(true).read(event)).toMatchObject({ type: 'failure', failure: { code } });
  });

  it('lets completions have their null for the first token of an echo', () => {
    const event =
      '{"choices":[{"index":0,"text":"x","logprobs":{"token_logprobs":[null,-1]},"finish_reason":null}]}';
    expect(readerOf(true).read(event)).toMatchObject({ type: 'chunk' });
  });

  it('forgives a connection that breaks after the marker, and only then', () => {
    const failure = { code: 'engine_error', message: 'cut', sent: true, blamesReplica: true } as const;
    const reader = readerOf(true);
    reader.read(chunk(0, 'stop'));
    expect(reader.cut(failure)).toEqual({ type: 'failure', failure });
    reader.read('[DONE]');
    expect(reader.cut(failure)).toMatchObject({ type: 'end' });
  });
});
