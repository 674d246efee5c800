import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseVllmLogprobs } from '../../../../src/engines/triton/vllm-logprobs.ts';

describe('parseVllmLogprobs', () => {
  it('keeps the order that was written: the sampled token is the first', () => {
    const text =
      '[{"66": {"logprob": -0.5, "rank": 1, "decoded_token": "B"}, "9": {"logprob": -1, "rank": 2, "decoded_token": "A"}}, {}]';
    expect(parseVllmLogprobs(text)).toEqual([
      [
        { id: 66, logprob: -0.5, text: 'B' },
        { id: 9, logprob: -1, text: 'A' },
      ],
      [],
    ]);
  });

  it('reads the numbers that JSON does not know, and leaves the same words in texts alone', () => {
    const text =
      '[{"1": {"logprob": NaN, "decoded_token": "NaN"}, "2": {"logprob": -Infinity, "decoded_token": "-Infinity \\" NaN"}, "3": {"logprob": Infinity, "decoded_token": "\\"3\\": {"}}]';
    expect(parseVllmLogprobs(text)).toEqual([
      [
        { id: 1, logprob: Number.NaN, text: 'NaN' },
        { id: 2, logprob: -Infinity, text: '-Infinity " NaN' },
        { id: 3, logprob: Infinity, text: '"3": {' },
      ],
    ]);
  });

  it('reads any token text', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1 }), (texts) => {
        const entries = texts.map((text, id) => [id, { logprob: -1, rank: 1, decoded_token: text }]);
        const positions = parseVllmLogprobs(JSON.stringify([Object.fromEntries(entries)]));
        expect(positions?.[0]?.map(({ text }) => text)).toEqual(texts);
      }),
    );
  });

  it.each([
    '',
    'null',
    '{}',
    '[1]',
    '[null]',
    '[{"a": {"logprob": 1}}]',
    '[{"1": 2}]',
    '[{"1": {}}]',
    '[{"1": {',
  ])('has no answer to %s', (text) => {
    expect(parseVllmLogprobs(text)).toBeNull();
  });
});
