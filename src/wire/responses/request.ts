import { z } from 'zod';
import type { OpenAiBody } from '../openai.ts';
import { check, type Checked, invalid } from '../problems.ts';

/**
 * OpenAI's Responses interface, read as the chat completion that it stands for. What builds on an earlier
 * response is refused. Role names are not restricted, and metadata of any length comes back.
 */
const part = z.looseObject({ type: z.string(), text: z.string().optional() });
const content = z.union([z.string(), z.array(part)]);

const message = z.looseObject({
  type: z.literal('message').optional(),
  role: z.string().min(1).max(64),
  content,
});
const functionCall = z.looseObject({
  type: z.literal('function_call'),
  call_id: z.string(),
  name: z.string(),
  arguments: z.string(),
});
const functionOutput = z.looseObject({
  type: z.literal('function_call_output'),
  call_id: z.string(),
  output: content,
});
const reasoning = z.looseObject({ type: z.literal('reasoning') });

const inputItem = z.union([message, functionCall, functionOutput, reasoning]);

const functionTool = z.looseObject({
  type: z.literal('function', { error: 'must be function: other tools are not run here' }),
  name: z.string().min(1),
  description: z.string().nullish(),
  parameters: z.record(z.string(), z.unknown()).nullish(),
  strict: z.boolean().nullish(),
});

const format = z.looseObject({
  type: z.enum(['text', 'json_object', 'json_schema']),
  name: z.string().optional(),
  schema: z.record(z.string(), z.unknown()).optional(),
  strict: z.boolean().nullish(),
});

const requestSchema = z.looseObject({
  model: z.string().min(1).max(512),
  input: z.union([z.string(), z.array(inputItem).min(1)]),
  instructions: z.string().nullish(),
  max_output_tokens: z.int().min(1).nullish(),
  temperature: z.number().nullish(),
  top_p: z.number().nullish(),
  top_logprobs: z.int().min(0).max(20).nullish(),
  include: z.array(z.string()).nullish(),
  tools: z.array(functionTool).nullish(),
  tool_choice: z
    .union([
      z.enum(['none', 'auto', 'required']),
      z.looseObject({ type: z.literal('function'), name: z.string() }),
    ])
    .nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  text: z.looseObject({ format: format.nullish() }).nullish(),
  reasoning: z.looseObject({ effort: z.string().nullish() }).nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
  stream: z.boolean().nullish(),
  background: z.boolean().nullish(),
  store: z.boolean().nullish(),
});

export type ResponsesBody = z.output<typeof requestSchema>;
type InputItem = z.output<typeof inputItem>;

export interface ResponsesRequest {
  readonly body: ResponsesBody;
  /** What the engine is asked. */
  readonly chat: OpenAiBody;
}

export function readResponsesRequest(raw: unknown): Checked<ResponsesRequest> {
  const checked = check(requestSchema, raw);
  const problems = checked.ok ? [] : [...checked.problems];
  for (const name of ['previous_response_id', 'conversation', 'prompt']) {
    if (isAsked(raw, name))
      problems.push(invalid(name, 'is not served: answers do not build on earlier ones here'));
  }
  if (checked.ok && checked.value.background === true && checked.value.store === false) {
    problems.push(
      invalid('store', 'must be absent or true in the background: the answer is kept until it is fetched'),
    );
  }
  if (!checked.ok || problems.length > 0) return { ok: false, problems };
  return { ok: true, value: { body: checked.value, chat: chatOf(checked.value) } };
}

function isAsked(raw: unknown, name: string): boolean {
  if (typeof raw !== 'object' || raw === null || !Object.hasOwn(raw, name)) return false;
  const value: unknown = Reflect.get(raw, name);
  return value !== null && value !== undefined && value !== false;
}

/** Fields of this interface alone; everything else is passed on, engine extras too. */
const OWN_FIELDS = new Set(
  `input instructions max_output_tokens include top_logprobs text
   reasoning metadata store stream stream_options truncation
   background prompt previous_response_id conversation service_tier safety_identifier
   prompt_cache_key prompt_cache_retention max_tool_calls tools tool_choice parallel_tool_calls`.split(/\s+/),
);

function chatOf(body: ResponsesBody): OpenAiBody {
  const extras = Object.entries(body).filter(([name, value]) => !OWN_FIELDS.has(name) && value !== null);
  const { max_output_tokens: most, reasoning: thinking, text } = body;
  const chat = {
    ...Object.fromEntries(extras),
    model: body.model,
    messages: messagesOf(body),
    max_tokens: most,
    reasoning_effort: thinking?.effort,
    response_format: responseFormat(text?.format),
    ...logprobsOf(body),
    ...toolsOf(body),
  };
  const given = Object.entries(chat).filter(([, value]) => value !== undefined && value !== null);
  return { ...Object.fromEntries(given), model: body.model };
}

function messagesOf({ input, instructions }: ResponsesBody): Readonly<Record<string, unknown>>[] {
  const before = instructions ? [{ role: 'system', content: instructions }] : [];
  if (typeof input === 'string') return [...before, { role: 'user', content: input }];
  const messages: Readonly<Record<string, unknown>>[] = [...before];
  let calls: unknown[] | null = null;
  for (const item of input) {
    if (item.type === 'function_call') {
      if (calls === null) messages.push({ role: 'assistant', content: null, tool_calls: (calls = []) });
      const called = { name: item.name, arguments: item.arguments };
      calls.push({ id: item.call_id, type: 'function', function: called });
      continue;
    }
    calls = null;
    messages.push(...messageOf(item));
  }
  return messages;
}

type OtherItem = Exclude<InputItem, { readonly type: 'function_call' }>;

/** Thoughts of earlier turns are left out, as chat templates leave them out. */
function messageOf(item: OtherItem): Readonly<Record<string, unknown>>[] {
  if (item.type === 'reasoning') return [];
  if (item.type === 'function_call_output') {
    return [{ role: 'tool', tool_call_id: item.call_id, content: chatContent(item.output) }];
  }
  return [{ role: item.role, content: chatContent(item.content) }];
}

/** Text alone becomes one string, which every engine takes; other parts keep their place. */
function chatContent(parts: z.output<typeof content>): unknown {
  if (typeof parts === 'string') return parts;
  if (parts.every(({ text }) => text !== undefined)) return parts.map(({ text }) => text).join('');
  return parts.map((each) => {
    if (each.type === 'input_image') {
      return { type: 'image_url', image_url: { url: each['image_url'], detail: each['detail'] ?? 'auto' } };
    }
    return each.text === undefined ? each : { type: 'text', text: each.text };
  });
}

function responseFormat(wanted: z.output<typeof format> | null | undefined): unknown {
  if (wanted === null || wanted === undefined || wanted.type === 'text') return undefined;
  if (wanted.type === 'json_object') return { type: 'json_object' };
  const { name, schema, strict } = wanted;
  return { type: 'json_schema', json_schema: { name: name ?? 'answer', schema, strict: strict ?? false } };
}

function logprobsOf({ include, top_logprobs: top }: ResponsesBody): Record<string, unknown> {
  const isAskedFor = include?.includes('message.output_text.logprobs') === true || (top ?? 0) > 0;
  return isAskedFor ? { logprobs: true, top_logprobs: top ?? 0 } : {};
}

function toolsOf(body: ResponsesBody): Record<string, unknown> {
  const { tools, tool_choice: choice, parallel_tool_calls: parallel } = body;
  if (tools === null || tools === undefined || tools.length === 0) return {};
  return {
    tools: tools.map(({ name, description, parameters, strict }) => ({
      type: 'function',
      function: { name, ...(description ? { description } : {}), parameters: parameters ?? {}, strict },
    })),
    tool_choice:
      typeof choice === 'object' && choice ? { type: 'function', function: { name: choice.name } } : choice,
    parallel_tool_calls: parallel,
  };
}
