import { describe, expect, it } from 'vitest';
import { promptOf } from '../../../src/wire/prompt.ts';

describe('promptOf', () => {
  it('reads the texts of a chat body and nothing else', () => {
    const messages = [
      { role: 'system', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is this?' },
          { type: 'image_url', image_url: {} },
        ],
      },
      { role: 'assistant', content: null },
    ];
    expect(promptOf({ model: 'm', messages })).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'What is this?\n' },
    ]);
  });

  it('reads the prompts of a completion body', () => {
    expect(promptOf({ model: 'm', prompt: 'once' })).toBe('once');
    expect(promptOf({ model: 'm', prompt: ['once', 'upon'] })).toBe('once\nupon');
    expect(promptOf({ model: 'm', prompt: [[1, 2], [3]] })).toBe('');
  });
});
