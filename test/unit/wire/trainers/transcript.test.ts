import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTranscript, withoutEnd } from '../../../../src/wire/trainers/transcript.ts';

function read(text: string, after?: string) {
  const result = readTranscript(text, 'messages[0]', after);
  return result.ok ? result.value : result.problems.map(({ message }) => message);
}

describe('readTranscript', () => {
  it('reads ChatML with the turns before the response', () => {
    const text =
      '<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello!<|im_end|>\n';
    expect(read(text)).toEqual({
      prompt: [
        { role: 'system', content: 'Be kind.' },
        { role: 'user', content: 'Hi' },
      ],
      response: 'Hello!',
    });
  });

  it('reads Llama 3, Gemma, Phi and Human/Assistant', () => {
    expect(
      read(
        '<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nHo<|eot_id|><|end_of_text|>',
      ),
    ).toEqual({ prompt: [{ role: 'user', content: 'Hi' }], response: 'Ho' });
    expect(
      read('<bos><start_of_turn>user\nHi<end_of_turn>\n<start_of_turn>model\nHo<end_of_turn>\n<pad><pad>'),
    ).toEqual({ prompt: [{ role: 'user', content: 'Hi' }], response: 'Ho' });
    expect(read('<|user|>\nHi<|end|>\n<|assistant|>\nHo<|end|>')).toEqual({
      prompt: [{ role: 'user', content: 'Hi' }],
      response: 'Ho',
    });
    expect(read('\n\nHuman: Hi\n\nAssistant: Ho')).toEqual({
      prompt: [{ role: 'user', content: 'Hi' }],
      response: 'Ho',
    });
  });

  it('reads Llama 2 by its last instruction', () => {
    expect(read('<s>[INST] Hi [/INST] Ho </s><s>[INST] And? [/INST] Hum.</s>')).toEqual({
      prompt: '<s>[INST] Hi [/INST] Ho </s><s>[INST] And? ',
      response: 'Hum.',
    });
  });

  it('splits after the last occurrence of a mark of the caller', () => {
    expect(read('Q: one A: two A: three', 'A:')).toEqual({ prompt: 'Q: one A: two ', response: 'three' });
    expect(read('Q: one', 'A:')).toEqual(['messages[0] does not hold the text of ?after=']);
  });

  it('guesses nothing', () => {
    expect(read('Hi. Hello!')).toEqual([expect.stringContaining('messages[0] does not tell its prompt')]);
    expect(read('<|im_start|>user\nHi<|im_end|>')).toEqual([expect.stringContaining('?after=TEXT')]);
  });

  it('gives back any response that holds no marks', () => {
    const words = fc.string().filter((text) => !/[<|>\n[\]]/.test(text) && text.trim() !== '');
    fc.assert(
      fc.property(words, words, (ask, answer) => {
        const text = `<|im_start|>user\n${ask}<|im_end|>\n<|im_start|>assistant\n${answer}<|im_end|>`;
        expect(read(text)).toEqual({ prompt: [{ role: 'user', content: ask }], response: answer.trimEnd() });
      }),
    );
  });
});

describe('withoutEnd', () => {
  it('takes off end tokens and padding, and nothing inside', () => {
    expect(withoutEnd('a <|im_end|> b<|im_end|>\n<|endoftext|><|endoftext|>')).toBe('a <|im_end|> b');
    expect(withoutEnd('x < 3 |> y')).toBe('x < 3 |> y');
    expect(withoutEnd('</s>')).toBe('');
  });
});
