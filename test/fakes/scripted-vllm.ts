import type { ServerResponse } from 'node:http';
import type { LabelProbe } from '../../src/contracts/engine.ts';
import {
  answerEvents,
  answerJson,
  chatChunk,
  labelChunk,
  type Script,
  type SeenRequest,
  USAGE_CHUNK,
} from './scripted-engine.ts';

/** Routes by path; what is left out answers as vLLM does for a path that it does not have. */
export type Routes = Readonly<Record<string, Script>>;

export function routed(routes: Routes): Script {
  return (request, response) => {
    const route = routes[request.path];
    if (route === undefined) answerJson(response, 404, { detail: 'Not Found' });
    else route(request, response);
  };
}

/** Two labels; the spaced spelling is one token too. */
export const PROBE: LabelProbe = {
  id: 'preference/label@1',
  spellings: { first: ['A', ' A'], second: ['B', ' B'] },
  context: [{ role: 'user', content: 'Which is better?' }],
};

/**
 * Routes of a vLLM that serves `judge` with a tokenizer of one token per character, but for ` A` (1065)
 * and ` B` (1066) at the end of a text. Its labels have 0.5 on `A`, 0.25 on ` A`, 0.1 on `B`, 0.05 on ` B`.
 */
export function vllmRoutes(overrides: Routes = {}): Routes {
  return {
    '/version': (_, response) => answerJson(response, 200, { version: '0.32.0' }),
    '/v1/models': (_, response) => answerJson(response, 200, models('judge')),
    '/tokenize': (request, response) => answerTokens(request, response),
    '/detokenize': ({ body }, response) =>
      answerJson(response, 200, { prompt: toText(numbers(body?.['tokens'])) }),
    '/v1/chat/completions': (request, response) => answerChat(request, response),
    ...overrides,
  };
}

export function models(...names: string[]): unknown {
  return {
    object: 'list',
    data: names.map((id) => ({ id, object: 'model', owned_by: 'vllm', max_model_len: 2048 })),
  };
}

function answerTokens({ body }: SeenRequest, response: ServerResponse): void {
  const tokens = toTokens(
    Array.isArray(body?.['messages']) ? 'user: Which is better?\n' : String(body?.['prompt']),
  );
  answerJson(response, 200, { count: tokens.length, max_model_len: 2048, tokens, token_strs: null });
}

function toTokens(text: string): number[] {
  const spaced = / [AB]$/.test(text);
  const characters = Array.from(spaced ? text.slice(0, -2) : text, (character) => character.codePointAt(0)!);
  return spaced ? [...characters, 1000 + text.codePointAt(text.length - 1)!] : characters;
}

function toText(tokens: readonly number[]): string {
  return tokens
    .map((id) => (id > 1000 ? ` ${String.fromCodePoint(id - 1000)}` : String.fromCodePoint(id)))
    .join('');
}

function numbers(value: unknown): number[] {
  return Array.isArray(value) ? value.map(Number) : [];
}

const PROBABILITIES: readonly (readonly [id: number, text: string, probability: number])[] = [
  [65, 'A', 0.5],
  [1065, ' A', 0.25],
  [66, 'B', 0.1],
  [1066, ' B', 0.05],
  [67, 'C', 0.04],
];

function answerChat({ body }: SeenRequest, response: ServerResponse): void {
  if (body?.['logprobs'] !== true) {
    answerEvents(response, [chatChunk('Hel'), chatChunk('lo', 'stop'), USAGE_CHUNK]);
    return;
  }
  const asked = numbers(body['logprob_token_ids']);
  const entries = PROBABILITIES.filter(([id]) => asked.length === 0 || asked.includes(id)).map(
    ([id, text, probability]) => {
      const token = body['return_tokens_as_token_ids'] === true ? `token_id:${id}` : text;
      return [token, Math.log(probability)] as const;
    },
  );
  const role = {
    choices: [{ index: 0, delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null }],
  };
  answerEvents(response, [role, labelChunk(entries[0]!, entries), USAGE_CHUNK]);
}
