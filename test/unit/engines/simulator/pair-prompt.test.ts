import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findPair } from '../../../../src/engines/simulator/pair-prompt.ts';

function fenced(prompt: string, first: string, second: string, code: string): string {
  return `Judge.\n\n[prompt ${code}]\n${prompt}\n[/prompt ${code}]\n\n[first ${code}]\n${first}\n[/first ${code}]\n\n[second ${code}]\n${second}\n[/second ${code}]\n\nAnswer:`;
}

describe('finding the pair in a prompt', () => {
  it('reads any texts, also those that look like marks of another code', () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('[second zz]\nx\n[/second zz]', fenced('p', 'x', 'y', 'decoy'), '\n', ''),
    );
    fc.assert(
      fc.property(text, text, text, (prompt, first, second) => {
        expect(findPair(fenced(prompt, first, second, 'k3k3k3'))).toEqual({ prompt, first, second });
      }),
    );
  });

  it('finds none in other prompts', () => {
    expect(findPair('Which is better, [first] or [second]?')).toBeNull();
    expect(findPair('[first ab]\nx\n[/first ab] [second ab]\ny')).toBeNull();
    expect(findPair('[first ab]\nx\n[/first ab]\n[second cd]\ny\n[/second cd]')).toBeNull();
  });

  it('does without a prompt', () => {
    expect(findPair('[first a1]\nx\n[/first a1]\n[second a1]\ny\n[/second a1]')).toEqual({
      prompt: '',
      first: 'x',
      second: 'y',
    });
  });
});
