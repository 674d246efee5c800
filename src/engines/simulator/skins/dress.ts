import type { JsonFields } from '../json-body.ts';

/** How an engine's replies differ from vLLM's, whose keys are dropped unless they are named here. */
export interface Dress {
  /** Its name for what stopped a choice; null where that is not told. */
  readonly stopReason: string | null;
  /** The finish reason comes in an event of its own, behind the last token. */
  readonly finishesApart: boolean;
  /** The content of the event that opens a message. */
  readonly opening: '' | null;
  /** The fingerprint on every event and reply; null for none. */
  readonly fingerprint: ((ofVllm: string) => string) | null;
  readonly tellsCached: boolean;
  /** Keys of chats without a value are left out. */
  readonly omitsNull: boolean;
}

export function dressedReply(dress: Dress, body: JsonFields, fingerprint: string): object {
  return {
    ...frameOf(dress, body, fingerprint),
    choices: choicesOf(body).map((choice) => dressedChoice(dress, choice)),
    ...usageOf(dress, body),
  };
}

export function dressedEvents(dress: Dress, event: JsonFields, fingerprint: string): readonly object[] {
  const frame = frameOf(dress, event, fingerprint);
  const choices = choicesOf(event);
  const usage = usageOf(dress, event);
  const isEnd = choices.some((choice) => choice['finish_reason'] !== null);
  if (!dress.finishesApart || !isEnd) {
    return [{ ...frame, choices: choices.map((choice) => dressedChoice(dress, choice)), ...usage }];
  }
  const tokens = choices.map((choice) =>
    dressedChoice(dress, { ...choice, finish_reason: null, stop_reason: null }),
  );
  const ends = choices.map((choice) => dressedChoice(dress, emptied(choice)));
  return [
    { ...frame, choices: tokens },
    { ...frame, choices: ends, ...usage },
  ];
}

function emptied(choice: JsonFields): JsonFields {
  return { ...choice, logprobs: null, ...('text' in choice ? { text: '' } : { delta: {} }) };
}

function frameOf(dress: Dress, { id, object, created, model }: JsonFields, fingerprint: string): object {
  const told = dress.fingerprint === null ? {} : { system_fingerprint: dress.fingerprint(fingerprint) };
  return { id, object, created, model, ...told };
}

function choicesOf({ choices }: JsonFields): readonly JsonFields[] {
  // The simulator's own reply: its choices are objects.
  return Array.isArray(choices) ? (choices as JsonFields[]) : [];
}

const CHOICE_KEYS = ['index', 'text', 'delta', 'message', 'logprobs', 'finish_reason'];

function dressedChoice(dress: Dress, choice: JsonFields): JsonFields {
  const dressed: Record<string, unknown> = {};
  for (const key of CHOICE_KEYS) {
    if (!(key in choice)) continue;
    if (key === 'logprobs' && choice[key] === null && dress.omitsNull && !('text' in choice)) continue;
    dressed[key] = key === 'delta' || key === 'message' ? dressedMessage(dress, choice[key]) : choice[key];
  }
  const stop = choice['stop_reason'] ?? null;
  if (dress.stopReason !== null && (stop !== null || !dress.omitsNull)) dressed[dress.stopReason] = stop;
  return dressed;
}

const MESSAGE_KEYS = ['role', 'content', 'tool_calls'];

function dressedMessage({ opening }: Dress, message: unknown): JsonFields {
  const fields = new Map(Object.entries(message ?? {}));
  const dressed: Record<string, unknown> = {};
  for (const key of MESSAGE_KEYS) if (fields.has(key)) dressed[key] = fields.get(key);
  const isOpening = fields.get('role') === 'assistant' && fields.get('content') === '' && fields.size === 2;
  return isOpening ? { ...dressed, content: opening } : dressed;
}

function usageOf({ tellsCached }: Dress, { usage }: JsonFields): object {
  if (typeof usage !== 'object' || usage === null) return {};
  const fields = new Map(Object.entries(usage));
  const details: unknown = fields.get('prompt_tokens_details');
  const cached = new Map(Object.entries(details ?? {})).get('cached_tokens');
  const counts = ['prompt_tokens', 'completion_tokens', 'total_tokens'].map((key) => [key, fields.get(key)]);
  return {
    usage: {
      ...Object.fromEntries(counts),
      ...(tellsCached && cached !== undefined ? { prompt_tokens_details: { cached_tokens: cached } } : {}),
    },
  };
}
