import type { CallClass } from '../../contracts/call.ts';
import type { GenerationRequest } from '../../contracts/engine.ts';
import type { LogprobRoute } from '../../domain/distribution.ts';
import { isObject, type JsonObject } from './json.ts';
import type { LoadMetrics } from './load.ts';
import type { AskJson, Tokenizer } from './tokenizer.ts';

/**
 * Whose dialect of the OpenAI interface a replica speaks. A new one is a file in `flavours/` and a line
 * in `flavours.ts`; nothing else asks for a flavour by name.
 */
export interface Flavour {
  /**
   * The request fields that the engine knows. Others are dropped: some engines ignore what they do not
   * know, some answer 400, and either way the field would not do what its sender meant.
   */
  readonly fields: Readonly<Record<GenerationRequest['kind'], ReadonlySet<string>>>;
  /** Requests that the engine refuses to stream; they are answered whole, as one chunk. */
  cannotStream(body: JsonObject): boolean;
  /** Why the engine cannot do what is asked, where it would do something else without a word; else null. */
  refusal(body: JsonObject): string | null;
  /** Every complete stream ends with `[DONE]`; without it a finish reason is not enough. */
  readonly alwaysMarksEnd: boolean;
  /** Each choice of a stream ends with a usage of its own. */
  readonly usageOfOneChoice: boolean;
  /** Where the engine tells its version; null where it does not. */
  readonly versionPath: string | null;
  /** Where the length of the context is told if not in the model list. */
  readonly contextPath: string | null;
  /** Where texts are turned into tokens, and the field for the text. */
  readonly tokenize: { readonly path: string; readonly field: string } | null;
  /** A tokenizer that renders chats too and whose ids the lists of log-probabilities show; else null. */
  readonly createTokenizer: ((templateFields: JsonObject, ask: AskJson, model: string) => Tokenizer) | null;
  /** Routes for label probabilities, the better one first. */
  readonly routes: readonly LogprobRoute[];
  /** Likely tokens to ask for at one position. */
  readonly topLogprobs: number;
  /** Fields that say how the chat template renders a label question, the same for asking and tokenising. */
  readonly templateFields: JsonObject;
  /** Everything but model, messages and streaming in the request for one label. */
  labelFields(question: LabelQuestion): JsonObject;
  /** Where several conversations are asked at once, with a choice for each; null where they cannot be. */
  readonly batchPath: string | null;
  /** A class of calls in the engine's own numbers; null without a queue by priority. */
  readonly priorityOf: ((callClass: CallClass) => number) | null;
  /** Kinds of requests whose prefix cache can be kept apart by `cache_salt`. */
  readonly cacheSalt: ReadonlySet<GenerationRequest['kind']>;
  /** Null where the engine has no figures of its load. */
  readonly load: LoadMetrics | null;
}

export interface LabelQuestion {
  readonly route: LogprobRoute;
  /** The label tokens; null when they are known by their text only. */
  readonly ids: readonly number[] | null;
}

/** The request body for a generation: the known fields, the served model, and always a stream if possible. */
export function generationBody(
  flavour: Flavour,
  { kind, body }: GenerationRequest,
  model: string,
  marks: JsonObject = {},
): { readonly text: string; readonly whole: boolean } {
  const known = flavour.fields[kind];
  const fields: Record<string, unknown> = { model };
  for (const key of Object.keys(body)) {
    if (known.has(key)) fields[key] = body[key];
  }
  Object.assign(fields, marks);
  const whole = flavour.cannotStream(fields);
  if (!whole) {
    fields['stream'] = true;
    const asked = body['stream_options'];
    fields['stream_options'] = { ...(isObject(asked) ? asked : {}), include_usage: true };
  }
  return { text: JSON.stringify(fields), whole };
}

/** How many choices a complete answer has. */
export function choicesAsked({ n, prompt }: JsonObject): number {
  const answers = typeof n === 'number' && Number.isSafeInteger(n) && n > 0 ? n : 1;
  // A list of numbers is one prompt in tokens.
  const prompts = Array.isArray(prompt) && typeof prompt[0] !== 'number' ? prompt.length : 1;
  return answers * Math.max(1, prompts);
}
