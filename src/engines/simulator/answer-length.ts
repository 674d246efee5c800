import { badParameter } from './api-error.ts';

/** Longest answer to a prompt of this length. Refuses what cannot fit; what is merely too long is cut. */
export function answerLength(
  prompt: { readonly tokens: number; readonly characters: number },
  asked: { readonly value: number | null | undefined; readonly param: string; readonly least: number },
  maxModelTokens: number,
): number {
  const { value, param, least } = asked;
  const intro = `This model's maximum context length is ${maxModelTokens} tokens. However,`;
  const advice = 'Please reduce the length of the input prompt.';
  const mostCharacters = CHARACTERS_PER_TOKEN * maxModelTokens;
  if (prompt.characters > mostCharacters) {
    const message = `${intro} your prompt contains ${prompt.characters} characters (more than ${mostCharacters} characters, which is the upper bound for ${maxModelTokens} input tokens). ${advice}`;
    throw badParameter(message, 'input_text', prompt.characters);
  }
  if (typeof value === 'number' && value > maxModelTokens) {
    const message = `${param}=${value} cannot be greater than max_model_len=${maxModelTokens}. Please request fewer output tokens.`;
    throw badParameter(message, param, value);
  }
  if (typeof value === 'number' && value < least) {
    throw badParameter(`${param} must be at least ${least}, got ${value}.`, param, value);
  }
  if (prompt.tokens > maxModelTokens) {
    const least = maxModelTokens + 1;
    const message = `${intro} your prompt contains at least ${least} input tokens, which exceeds this limit even without any output tokens. ${advice}`;
    throw badParameter(message, 'input_tokens', least);
  }
  if (prompt.tokens === maxModelTokens) {
    const output = value ?? 1;
    const message = `${intro} you requested ${output} output tokens and your prompt contains ${prompt.tokens} input tokens, for a total of ${prompt.tokens + output} tokens. ${advice}`;
    throw badParameter(message, 'input_tokens', prompt.tokens);
  }
  return Math.min(value ?? maxModelTokens, maxModelTokens - prompt.tokens);
}

/** By this many characters vLLM knows, before it counts tokens, that a prompt is too long. */
const CHARACTERS_PER_TOKEN = 33;
