import type { Flavour } from '../flavour.ts';
import type { JsonObject } from '../json.ts';
import { openai } from './openai.ts';

const SHARED_FIELDS: readonly string[] = [
  'frequency_penalty',
  'logprobs',
  'max_tokens',
  'presence_penalty',
  'seed',
  'stop',
  'temperature',
  'top_p',
];

const CHAT_FIELDS: readonly string[] = [
  'messages',
  'reasoning_effort',
  'response_format',
  'tools',
  'top_logprobs',
];

/**
 * Ollama's OpenAI interface (`openai/openai.go`): few fields, one choice, at most twenty likely tokens known
 * by their text, no tokenizer, no cached tokens, no metrics. Older versions ignore `logprobs`: they cannot judge.
 */
export const ollama: Flavour = {
  ...openai,
  fields: {
    chat: new Set([...SHARED_FIELDS, ...CHAT_FIELDS]),
    completion: new Set([...SHARED_FIELDS, 'prompt', 'suffix']),
  },
  refusal: refusalOf,
  alwaysMarksEnd: true,
  versionPath: '/api/version',
  contextPath: '/api/ps',
  templateFields: { reasoning_effort: 'none' },
};

/** Ollama ignores both without a word, and the answer would not be what was asked for. */
function refusalOf({ n, prompt, tool_choice: choice }: JsonObject): string | null {
  if (typeof n === 'number' && n > 1) return 'the engine gives one choice for each request, n must be 1';
  if (Array.isArray(prompt)) return 'the engine takes one prompt for each request, as a text';
  if (choice === 'required' || (typeof choice === 'object' && choice !== null)) {
    return 'the engine cannot be made to call a tool';
  }
  return null;
}
