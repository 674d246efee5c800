import type { GenerationRequest } from '../../contracts/engine.ts';
import type { LogprobRoute } from '../../domain/distribution.ts';
import { isObject, type JsonObject } from './json.ts';

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
  /** Every complete stream ends with `[DONE]`; without it a finish reason is not enough. */
  readonly alwaysMarksEnd: boolean;
  /** Has `/tokenize`, `/detokenize` and `/version`. */
  readonly hasTokenizer: boolean;
  /** Routes for label probabilities, the better one first. */
  readonly routes: readonly LogprobRoute[];
  /** Fields that say how the chat template renders a label question, the same for asking and tokenising. */
  readonly templateFields: JsonObject;
  /** Everything but model, messages and streaming in the request for one label. */
  labelFields(question: LabelQuestion): JsonObject;
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
): { readonly text: string; readonly whole: boolean } {
  const known = flavour.fields[kind];
  const fields: Record<string, unknown> = { model };
  for (const key of Object.keys(body)) {
    if (known.has(key)) fields[key] = body[key];
  }
  const whole = flavour.cannotStream(fields);
  if (!whole) {
    fields['stream'] = true;
    const asked = body['stream_options'];
    fields['stream_options'] = { ...(isObject(asked) ? asked : {}), include_usage: true };
  }
  return { text: JSON.stringify(fields), whole };
}
