import { describe, expect, it } from 'vitest';
import { createLabelSet } from '../../../../src/engines/label-set.ts';
import { NumberedLabels } from '../../../../src/engines/openai/numbered-labels.ts';

const built = createLabelSet('text', { first: ['A', ' A'], second: ['B', ' B'], tie: ['C', ' C'] });
if (!built.ok) throw new Error('the labels clash');
const { set } = built;

/** A position whose sampled token has 0.6; where it is a label, the other two have 0.3 and 0.05. */
function position(token: string): unknown {
  const others = ['A', 'B', 'C'].filter((label) => label !== token.trim()).slice(0, 2);
  const listed = [[token, 0.6] as const, ...others.map((label, i) => [label, i === 0 ? 0.3 : 0.05] as const)];
  return {
    token,
    logprob: Math.log(0.6),
    top_logprobs: listed.map(([text, p]) => ({ token: text, logprob: Math.log(p) })),
  };
}

/** The likeliest label of each item; null where nothing was read. */
function read(tokens: readonly string[], count: number): (string | null)[] {
  const labels = new NumberedLabels(set, count);
  for (const token of tokens) labels.add(position(token));
  const end = labels.end();
  if ('ok' in end) throw new Error(end.failure.message);
  return end.map(({ labels: found, mass }) => {
    if (mass === 0) return null;
    return Object.entries(found).toSorted(([, x], [, y]) => y.probability - x.probability)[0]?.[0] ?? null;
  });
}

describe('labels that an answer numbers', () => {
  it.each([
    ['bare', ['1', ':', 'A', '\n', '2', ':', 'C'], 2, ['first', 'tie']],
    ['spaced', ['1', ':', ' A', '\n', '2', ':', ' B', '\n'], 2, ['first', 'second']],
    ['in one line', ['1', ':', 'B', ' ', '2', ':', 'B'], 2, ['second', 'second']],
    ['with the number and colon in one token', ['1:', ' ', 'C', '\n2', ':', 'A'], 2, ['tie', 'first']],
    ['and says more behind the last', ['1', ':', 'A', '\n', 'Because', ' 2', ':', 'B'], 1, ['first']],
  ])('are read where the form is kept: %s', (_, tokens, count, expected) => {
    expect(read(tokens, count)).toEqual(expected);
  });

  it.each([
    ['prose before', ['The', ' answer', ' 1', ':', 'A'], 2, [null, null]],
    ['another number', ['2', ':', 'A', '\n', '1', ':', 'B'], 2, [null, null]],
    ['a number left out', ['1', ':', 'A', '\n', '3', ':', 'B'], 3, ['first', null, null]],
    [
      'a word in the place of a label',
      ['1', ':', 'A', '\n', '2', ':', ' Both', '\n', '3', ':', 'B'],
      3,
      ['first', null, null],
    ],
    ['prose between', ['1', ':', 'A', '\n', 'Now', '\n', '2', ':', 'B'], 2, ['first', null]],
    ['an end too soon', ['1', ':', 'A', '\n', '2', ':'], 2, ['first', null]],
    ['labels without numbers', ['A', ' ', 'B'], 2, [null, null]],
    ['nothing at all', [], 2, [null, null]],
  ])('are read up to where the form is left: %s', (_, tokens, count, expected) => {
    expect(read(tokens, count)).toEqual(expected);
  });

  it('have the probabilities of their own place, a missing one as a bound', () => {
    const labels = new NumberedLabels(set, 1);
    for (const token of ['1', ':', ' B']) labels.add(position(token));
    const end = labels.end();
    if ('ok' in end) throw new Error(end.failure.message);
    expect(end[0]?.labels['second']?.probability).toBeCloseTo(0.6, 12);
    expect(end[0]?.labels['first']?.probability).toBeCloseTo(0.3, 12);
    expect(end[0]?.labels['tie']?.probability).toBeCloseTo(0.05, 12);
    // ` C` is not listed: it may have as much as the least that is.
    expect(end[0]?.labels['tie']?.atMost).toBeCloseTo(0.1, 12);
    expect(end[0]?.mass).toBeCloseTo(0.95, 12);
    expect(end[0]?.route).toBe('top_logprobs');
  });

  it('fail as a whole where a place has numbers that are none, or no list', () => {
    const broken = new NumberedLabels(set, 1);
    for (const token of ['1', ':']) broken.add(position(token));
    broken.add({ token: 'A', logprob: Number.NaN, top_logprobs: [{ token: 'A', logprob: Number.NaN }] });
    expect(broken.end()).toMatchObject({ ok: false, failure: { code: 'engine_corrupt' } });
    const bare = new NumberedLabels(set, 1);
    for (const token of ['1', ':']) bare.add(position(token));
    bare.add({ token: 'A', logprob: -0.1 });
    expect(bare.end()).toMatchObject({ ok: false, failure: { code: 'engine_rejected' } });
  });
});
