/**
 * What a choice's `finish_reason` means: a word of OpenAI's own set, which clients know, or `gave-up` for an
 * answer that the engine broke off by itself and that must never pass for a whole one.
 */
export function readFinishReason(reason: unknown): string {
  if (typeof reason !== 'string') return 'stop';
  return OPENAI.has(reason) ? reason : (FOREIGN[reason] ?? 'stop');
}

const OPENAI = new Set(['stop', 'length', 'tool_calls', 'content_filter', 'function_call']);

const FOREIGN: Readonly<Record<string, string>> = {
  abort: 'gave-up',
  error: 'gave-up',
  timeout: 'gave-up',
  cancelled: 'gave-up',
  // vLLM cut an answer that went round in circles.
  repetition: 'length',
};
