import type { CallBound } from '../../contracts/budgets.ts';
import type { DistributionRequest, GenerationRequest } from '../../contracts/engine.ts';
import { type Price, priceOf } from '../../domain/cost.ts';
import { labelTokensOf } from '../../domain/token-estimate.ts';

/**
 * The most that a call can take, from its texts: no tokenizer makes more tokens than a text has bytes in UTF-8.
 * With a price by GPU-hour nobody knows before; then the dearest call of late stands for it.
 */

/** Tokens that chat templates put around a message, and around all of them. */
const PER_MESSAGE = 32;
/** Of a generation that sets no limit, for a model whose context is not known. */
const UNKNOWN_OUTPUT = 4_096;

export function boundOfQuestion({ messages, numbered }: DistributionRequest): TokenBound {
  let input = PER_MESSAGE;
  for (const { content } of messages) input += Buffer.byteLength(content) + PER_MESSAGE;
  return { input, output: labelTokensOf(numbered) };
}

export function boundOfGeneration({ body }: GenerationRequest, contextTokens: number | null): TokenBound {
  const input = boundOfValue(body['messages'] ?? body['prompt']) + boundOfValue(body['tools']) + PER_MESSAGE;
  const limit = body['max_completion_tokens'] ?? body['max_tokens'];
  const each = typeof limit === 'number' ? limit : (contextTokens ?? UNKNOWN_OUTPUT);
  const choices = Math.max(countOf(body['n']), countOf(body['best_of']));
  const prompts =
    Array.isArray(body['prompt']) && typeof body['prompt'][0] !== 'number' ? body['prompt'].length : 1;
  return { input: input * choices, output: each * choices * prompts };
}

export function boundOfJson(body: Readonly<Record<string, unknown>>): TokenBound {
  return { input: boundOfValue(body), output: 0 };
}

export interface TokenBound {
  readonly input: number;
  readonly output: number;
}

/** `dearest` is what counts where there is no price by token. */
export function boundOf({ input, output }: TokenBound, price: Price | undefined, dearest: number): CallBound {
  const usage = { inputTokens: input, cachedInputTokens: 0, outputTokens: output };
  // A call of two orders or two calls round up each: one more than the price is never too little.
  const nanoUsd = price === undefined ? 0 : price.by === 'token' ? priceOf(price, usage, 0) + 1 : dearest;
  return { nanoUsd, tokens: input + output };
}

function countOf(value: unknown): number {
  return typeof value === 'number' && value > 1 ? value : 1;
}

/** Bytes of all texts, one for each number, and what stands around each part. */
function boundOfValue(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (typeof value !== 'object' || value === null) return value === undefined ? 0 : 1;
  let tokens = 0;
  if (Array.isArray(value)) {
    for (const part of value) tokens += boundOfValue(part) + (typeof part === 'object' ? PER_MESSAGE : 0);
    return tokens;
  }
  for (const [key, part] of Object.entries(value)) tokens += key.length + boundOfValue(part);
  return tokens;
}
