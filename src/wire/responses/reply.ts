import type { Usage } from '../../domain/cost.ts';
import type { ResponsesBody } from './request.ts';

/** One thing that the model gave: its thoughts, its words, a call of a function. */
export type OutputItem = ReasoningItem | MessageItem | FunctionCallItem;

export type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

export interface ReasoningItem {
  readonly type: 'reasoning';
  readonly id: string;
  readonly summary: readonly [];
  readonly content: { readonly type: 'reasoning_text'; text: string }[];
  status: ItemStatus;
}

export interface MessageItem {
  readonly type: 'message';
  readonly id: string;
  readonly role: 'assistant';
  readonly content: TextPart[];
  status: ItemStatus;
}

export interface TextPart {
  readonly type: 'output_text';
  text: string;
  readonly annotations: readonly [];
  readonly logprobs: unknown[];
}

export interface FunctionCallItem {
  readonly type: 'function_call';
  readonly id: string;
  call_id: string;
  name: string;
  arguments: string;
  status: ItemStatus;
}

/** What is told of a response beside its output. */
export interface ResponseFacts {
  readonly id: string;
  /** Seconds since 1970. */
  readonly created: number;
  readonly body: ResponsesBody;
}

/** How it ended; `null` while it goes on. */
export type Ending = { readonly reason: string | null; readonly usage: Usage } | null;

/** The Response object. */
export function renderResponse(facts: ResponseFacts, output: readonly OutputItem[], ending: Ending) {
  const { id, created, body } = facts;
  const cut = ending === null ? null : cutOf(ending.reason);
  const whole = cut === null ? 'completed' : 'incomplete';
  return {
    id,
    object: 'response',
    created_at: created,
    status: ending === null ? 'in_progress' : whole,
    error: null,
    incomplete_details: cut === null ? null : { reason: cut },
    model: body.model,
    output,
    ...ECHOED,
    ...givenOf(body),
    previous_response_id: null,
    store: false,
    truncation: 'disabled',
    usage: ending === null ? null : usageOf(ending.usage),
  };
}

/** What a response says again of its request, where the request says nothing. */
const ECHOED = {
  instructions: null,
  max_output_tokens: null,
  metadata: {},
  parallel_tool_calls: true,
  reasoning: null,
  temperature: null,
  text: { format: { type: 'text' } },
  tool_choice: 'auto',
  tools: [],
  top_logprobs: 0,
  top_p: null,
};

function givenOf(body: ResponsesBody): Record<string, unknown> {
  const given = Object.entries(body).filter(
    ([name, value]) => Object.hasOwn(ECHOED, name) && value !== null && value !== undefined,
  );
  return Object.fromEntries(given);
}

/** Why an answer is not whole; null when it is. */
export function cutOf(reason: string | null): 'max_output_tokens' | 'content_filter' | null {
  if (reason === 'length') return 'max_output_tokens';
  return reason === 'content_filter' ? 'content_filter' : null;
}

function usageOf({ inputTokens, cachedInputTokens, outputTokens }: Usage) {
  return {
    input_tokens: inputTokens,
    input_tokens_details: { cached_tokens: cachedInputTokens, cache_write_tokens: 0 },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: inputTokens + outputTokens,
  };
}
