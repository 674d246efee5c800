import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { isBetterFirst, probabilityOf } from './opinion.ts';
import { PLANTED_BETTER, STUB_MODEL } from './planted.ts';
import { detokenize, renderChat, tokenize } from './stub-tokens.ts';

/**
 * The fast stub engine, a process of its own: it answers on the wire as vLLM does (chat completions with and
 * without stream, label log-probabilities, models, tokenizer), without delay and without a queue. It has one
 * opinion: the response with `PLANTED_BETTER` in it is better, in whichever order it is shown.
 */
/** Only what the stub needs of a request; engines ignore the rest too. */
const ChatBody = z.object({
  stream: z.boolean().optional(),
  stream_options: z.object({ include_usage: z.boolean().optional() }).nullish(),
  logprobs: z.boolean().nullish(),
  logprob_token_ids: z.array(z.number()).nullish(),
  return_tokens_as_token_ids: z.boolean().nullish(),
});
const TokenizeBody = z.object({
  prompt: z.string().optional(),
  messages: z.array(z.object({ role: z.string(), content: z.string() })).optional(),
  add_generation_prompt: z.boolean().default(true),
  continue_final_message: z.boolean().default(false),
});
const DetokenizeBody = z.object({ tokens: z.array(z.number()) });

const HEAD = { id: 'chatcmpl-stub', created: 1_700_000_000, model: STUB_MODEL };
const FINGERPRINT = 'vllm-stub';
const CONTEXT_TOKENS = 32_768;
const ANSWER = `The capital is ${PLANTED_BETTER}: it was founded as a compromise between two larger cities.`;
const USAGE = {
  prompt_tokens: 512,
  total_tokens: 513,
  completion_tokens: 1,
  prompt_tokens_details: { cached_tokens: 496 },
};
const LABEL_IDS = tokenize('ABC A B C');

function event(fields: object): string {
  return `data: ${JSON.stringify({ object: 'chat.completion.chunk', ...HEAD, ...fields })}\n\n`;
}

const ROLE_EVENT = event({
  choices: [{ index: 0, delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null }],
});
const USAGE_EVENT = event({ choices: [], usage: USAGE, system_fingerprint: FINGERPRINT });
const DONE_EVENT = 'data: [DONE]\n\n';

/** What a chat request asks for, as far as the replies differ. */
interface Question {
  readonly stream: boolean;
  readonly usage: boolean;
  readonly labels: readonly number[] | null;
  readonly asIds: boolean;
  readonly betterFirst: boolean;
}

function questionOf(text: string): Question {
  const body = ChatBody.parse(JSON.parse(text));
  return {
    stream: body.stream ?? false,
    usage: body.stream_options?.include_usage ?? false,
    labels: body.logprobs === true ? (body.logprob_token_ids ?? LABEL_IDS) : null,
    asIds: body.return_tokens_as_token_ids ?? false,
    betterFirst: isBetterFirst(text),
  };
}

function replyTo(question: Question): string {
  const { labels, betterFirst } = question;
  const label = betterFirst ? 'A' : 'B';
  const logprobs = labels === null ? null : { content: [logprobsOf(label, labels, question)] };
  const content = labels === null ? ANSWER : label;
  const end = { logprobs, finish_reason: labels === null ? 'stop' : 'length', stop_reason: null };
  if (!question.stream) {
    const message = { role: 'assistant', content, refusal: null, reasoning: null };
    const choices = [{ index: 0, message, ...end, token_ids: null }];
    return JSON.stringify({
      ...HEAD,
      object: 'chat.completion',
      choices,
      system_fingerprint: FINGERPRINT,
      usage: USAGE,
    });
  }
  const events = [ROLE_EVENT, event({ choices: [{ index: 0, delta: { content }, ...end }] })];
  if (question.usage) events.push(USAGE_EVENT);
  return [...events, DONE_EVENT].join('');
}

function logprobsOf(said: string, labels: readonly number[], question: Question): object {
  const entry = (id: number): object => {
    const text = detokenize([id]);
    const token = question.asIds ? `token_id:${id}` : text;
    return {
      token,
      logprob: Math.log(probabilityOf(text, question.betterFirst)),
      bytes: [...Buffer.from(token)],
    };
  };
  const [sampled = 0] = tokenize(said);
  const others = labels.filter((id) => id !== sampled);
  return { ...entry(sampled), top_logprobs: [sampled, ...others].map(entry) };
}

/** Replies to chat requests; there are few different ones, so each is built once. */
const replies = new Map<string, string>();
const MOST_REPLIES = 64;

function chat(text: string, response: ServerResponse): void {
  const question = questionOf(text);
  const key = JSON.stringify(question);
  let reply = replies.get(key);
  if (reply === undefined) {
    reply = replyTo(question);
    if (replies.size < MOST_REPLIES) replies.set(key, reply);
  }
  if (!question.stream) return json(response, reply);
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  // The first event leaves as its own chunk, as an engine sends its head before the first token.
  response.write(reply.slice(0, ROLE_EVENT.length));
  response.end(reply.slice(ROLE_EVENT.length));
}

function json(response: ServerResponse, text: string, status = 200): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

function tokenizeReply(text: string): object {
  const body = TokenizeBody.parse(JSON.parse(text));
  const options = { generate: body.add_generation_prompt, unfinished: body.continue_final_message };
  const tokens = tokenize(body.prompt ?? renderChat(body.messages ?? [], options));
  const token_strs = tokens.map((id) => detokenize([id]));
  return { count: tokens.length, max_model_len: CONTEXT_TOKENS, tokens, token_strs };
}

const MODEL_CARD = {
  id: STUB_MODEL,
  object: 'model',
  created: HEAD.created,
  owned_by: 'vllm',
  max_model_len: CONTEXT_TOKENS,
};
const REQUEST_SCHEMA = {
  properties: { messages: {}, logprobs: {}, logprob_token_ids: {}, return_tokens_as_token_ids: {} },
};

/** Everything but chat: the small calls of a warm-up. */
function smallReply(path: string, text: string): object | null {
  switch (path) {
    case '/health':
      return {};
    case '/version':
      return { version: '0.32.0' };
    case '/v1/models':
      return { object: 'list', data: [MODEL_CARD] };
    case '/openapi.json':
      return { openapi: '3.1.0', components: { schemas: { ChatCompletionRequest: REQUEST_SCHEMA } } };
    case '/tokenize':
      return tokenizeReply(text);
    case '/detokenize':
      return { prompt: detokenize(DetokenizeBody.parse(JSON.parse(text)).tokens) };
    default:
      return null;
  }
}

function answer(request: IncomingMessage, text: string, response: ServerResponse): void {
  if (request.url === '/v1/chat/completions') return chat(text, response);
  const reply = smallReply(request.url ?? '', text);
  json(response, JSON.stringify(reply ?? { detail: 'Not Found' }), reply === null ? 404 : 200);
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => answer(request, Buffer.concat(chunks).toString('utf8'), response));
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  // A TCP server's address is always an object.
  process.send?.((server.address() as AddressInfo).port);
});
process.on('disconnect', () => process.exit(0));
