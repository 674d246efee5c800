import type { LineUsage } from '../../contracts/batches.ts';

export const NO_USAGE: LineUsage = {
  inputTokens: 0,
  cachedInputTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
};

/** Tokens that a reply tells in its `usage`, by the names of chat and text completions or of responses. */
export function usageOf(reply: unknown): LineUsage {
  const usage = fieldOf(reply, 'usage');
  return {
    inputTokens: countOf(usage, 'prompt_tokens', 'input_tokens'),
    cachedInputTokens: Math.max(
      countOf(fieldOf(usage, 'prompt_tokens_details'), 'cached_tokens'),
      countOf(fieldOf(usage, 'input_tokens_details'), 'cached_tokens'),
    ),
    outputTokens: countOf(usage, 'completion_tokens', 'output_tokens'),
    reasoningTokens: Math.max(
      countOf(fieldOf(usage, 'completion_tokens_details'), 'reasoning_tokens'),
      countOf(fieldOf(usage, 'output_tokens_details'), 'reasoning_tokens'),
    ),
  };
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

/** The first of these that is a count; 0 for none. */
function countOf(value: unknown, ...names: readonly string[]): number {
  for (const name of names) {
    const count = fieldOf(value, name);
    if (typeof count === 'number' && Number.isSafeInteger(count) && count >= 0) return count;
  }
  return 0;
}
