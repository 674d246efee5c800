import { describe, expect, it } from 'vitest';
import { sourceFamilies, sourcesOf } from '../../../src/domain/candidate-sources.ts';
import { modelFamily } from '../../../src/domain/model-family.ts';

describe('the family of a model', () => {
  it.each([
    ['Qwen/Qwen3-8B-AWQ', 'qwen'],
    ['gpt-4o-2024-08-06', 'openai'],
    ['o3-mini', 'openai'],
    ['ChatGPT/Vanilla', 'openai'],
    ['meta-llama/Llama-3.1-8B-Instruct', 'llama'],
    ['vicuna-13b', 'llama'],
    ['mistralai/Mixtral-8x7B', 'mistral'],
    ['google/gemma-3-27b-it', 'google'],
    ['PaLM2', 'google'],
    ['claude-3-5-sonnet', 'anthropic'],
    ['deepseek-ai/DeepSeek-R1-Distill-Qwen-7B', 'deepseek'],
    ['microsoft/phi-4', 'phi'],
    ['01-ai/Yi-34B', 'yi'],
    ['openai', 'openai'],
  ])('of %s is %s', (name, family) => {
    expect(modelFamily(name)).toBe(family);
  });

  it.each(['human', 'our-reward-model', 'simulated-small', 'turbo1', 'philosopher-7b', ''])(
    'is not guessed for %j',
    (name) => {
      expect(modelFamily(name)).toBeNull();
    },
  );

  it('is told for each candidate by its source', () => {
    const candidates = ['x', 'y'];
    const families = (metadata: Record<string, unknown>) => sourceFamilies({ candidates, metadata });
    expect(families({ sources: ['gpt-4o', 'human'] })).toEqual(['openai', null]);
    expect(families({ source: 'qwen' })).toEqual(['qwen', 'qwen']);
    expect(families({ sources: ['gpt-4o'] })).toEqual([null, null]);
    expect(families({})).toEqual([null, null]);
    expect(sourcesOf({ candidates, metadata: { sources: ['gpt-4o', 7] } })).toBeNull();
  });
});
