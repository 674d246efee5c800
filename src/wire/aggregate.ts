import type { Usage } from '../domain/cost.ts';

/**
 * Folds the chunks of a stream into the one reply that a caller without `stream` expects. Texts are joined,
 * lists (log-probabilities, token ids) are concatenated untouched, tool calls are merged by their index, and
 * fields unknown here keep their last value, so that engine extras survive.
 */
export interface Aggregator {
  add(chunk: Chunk): void;
  /** The whole reply as JSON text. `usage` stands in when no chunk carried one. */
  reply(usage: Usage): string;
}

/** One event of the engine: as it wrote it, and read. */
interface Chunk {
  readonly data: string;
  readonly value: Fields;
}

type Fields = Readonly<Record<string, unknown>>;

type MutableFields = Record<string, unknown>;

interface Choice {
  readonly index: number;
  /** `message` of a chat choice; a completion choice keeps its text among the other fields. */
  readonly message: MutableFields;
  readonly toolCalls: Map<number, MutableFields>;
  readonly fields: MutableFields;
}

export function createAggregator(kind: 'chat' | 'completion'): Aggregator {
  const reply: MutableFields = {};
  const choices = new Map<number, Choice>();
  let first: Chunk | null = null;
  let isFolding = false;
  const fold = ({ value }: Chunk): void => {
    for (const key of Object.keys(value)) {
      if (key !== 'choices') keepLast(reply, key, value[key]);
    }
    for (const choice of fieldsList(value['choices'])) addChoice(choices, choice);
  };
  return {
    add(chunk) {
      if (first === null) {
        first = chunk;
        return;
      }
      if (!isFolding) fold(first);
      isFolding = true;
      fold(chunk);
    },
    reply(usage) {
      if (first !== null && !isFolding) {
        if (isWhole(first.value)) return first.data;
        fold(first);
      }
      const render = kind === 'chat' ? chatChoice : completionChoice;
      return JSON.stringify({
        ...reply,
        object: kind === 'chat' ? 'chat.completion' : 'text_completion',
        choices: [...choices.values()].toSorted((x, y) => x.index - y.index).map(render),
        usage: reply['usage'] ?? renderUsage(usage),
      });
    },
  };
}

/** True for a reply that the engine did not stream: it stands as it is, so it is not even written anew. */
function isWhole({ object, usage }: Fields): boolean {
  return object !== 'chat.completion.chunk' && isFields(usage);
}

function addChoice(choices: Map<number, Choice>, piece: Fields): void {
  const index = typeof piece['index'] === 'number' ? piece['index'] : 0;
  let choice = choices.get(index);
  if (choice === undefined) {
    choice = { index, message: {}, toolCalls: new Map(), fields: {} };
    choices.set(index, choice);
  }
  for (const key of Object.keys(piece)) {
    const value = piece[key];
    if (key === 'delta') addDelta(choice, value);
    else if (key === 'text') joinText(choice.fields, key, value);
    else if (key === 'logprobs') choice.fields[key] = joinLists(choice.fields[key], value);
    else if (Array.isArray(value)) concatenate(choice.fields, key, value);
    else if (key !== 'index') keepLast(choice.fields, key, value);
  }
}

function addDelta(choice: Choice, delta: unknown): void {
  if (!isFields(delta)) return;
  for (const key of Object.keys(delta)) {
    const value = delta[key];
    if (key === 'tool_calls') addToolCalls(choice.toolCalls, value);
    else if (key === 'role') keepLast(choice.message, key, value);
    else if (key === 'function_call') addFunction(choice.message, key, value);
    else if (typeof value === 'string') joinText(choice.message, key, value);
    else if (Array.isArray(value)) concatenate(choice.message, key, value);
    else keepLast(choice.message, key, value);
  }
}

function addToolCalls(calls: Map<number, MutableFields>, pieces: unknown): void {
  for (const piece of fieldsList(pieces)) {
    const index = typeof piece['index'] === 'number' ? piece['index'] : calls.size;
    let call = calls.get(index);
    if (call === undefined) {
      call = {};
      calls.set(index, call);
    }
    for (const key of Object.keys(piece)) {
      if (key === 'function') addFunction(call, key, piece[key]);
      else if (key !== 'index') keepLast(call, key, piece[key]);
    }
  }
}

/** The name comes once, the arguments in pieces. */
function addFunction(target: MutableFields, key: string, piece: unknown): void {
  if (!isFields(piece)) return;
  const whole: MutableFields = isFields(target[key]) ? { ...target[key] } : {};
  for (const part of Object.keys(piece)) {
    if (part === 'arguments') joinText(whole, part, piece[part]);
    else keepLast(whole, part, piece[part]);
  }
  target[key] = whole;
}

/** Log-probabilities: an object of lists (`content`, or `tokens`, `top_logprobs` …) that grow side by side. */
function joinLists(whole: unknown, piece: unknown): unknown {
  if (!isFields(piece)) return whole ?? null;
  const joined: MutableFields = isFields(whole) ? whole : {};
  for (const key of Object.keys(piece)) {
    const value = piece[key];
    if (Array.isArray(value)) concatenate(joined, key, value);
    else keepLast(joined, key, value);
  }
  return joined;
}

function chatChoice({ index, message, toolCalls, fields }: Choice): Fields {
  const calls = [...toolCalls].toSorted(([x], [y]) => x - y).map(([, call]) => call);
  const text = typeof message['content'] === 'string' ? message['content'] : null;
  return {
    index,
    message: {
      ...message,
      role: message['role'] ?? 'assistant',
      content: text === '' && calls.length > 0 ? null : text,
      refusal: message['refusal'] ?? null,
      ...(calls.length > 0 ? { tool_calls: calls } : {}),
    },
    ...fields,
    logprobs: fields['logprobs'] ?? null,
    finish_reason: fields['finish_reason'] ?? null,
  };
}

function completionChoice({ index, fields }: Choice): Fields {
  return {
    index,
    ...fields,
    text: fields['text'] ?? '',
    logprobs: fields['logprobs'] ?? null,
    finish_reason: fields['finish_reason'] ?? null,
  };
}

function renderUsage({ inputTokens, cachedInputTokens, outputTokens }: Usage): Fields {
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    prompt_tokens_details: { cached_tokens: cachedInputTokens },
  };
}

function joinText(target: MutableFields, key: string, piece: unknown): void {
  if (typeof piece !== 'string') return;
  const before = target[key];
  target[key] = typeof before === 'string' ? before + piece : piece;
}

/** Appends in place: the first list is copied, as the chunk it came from is not ours. */
function concatenate(target: MutableFields, key: string, piece: readonly unknown[]): void {
  const before: unknown = target[key];
  if (!Array.isArray(before)) target[key] = [...piece];
  else for (const entry of piece) before.push(entry);
}

/** A null never takes the place of a value: streams send `finish_reason: null` and the like all the time. */
function keepLast(target: MutableFields, key: string, value: unknown): void {
  if (value !== null || target[key] === undefined) target[key] = value;
}

function fieldsList(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.filter(isFields) : [];
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
