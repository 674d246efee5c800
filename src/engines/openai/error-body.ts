import { z } from 'zod';

/** What an engine says about an error, whichever of the five shapes it uses; null where it says nothing. */
export interface EngineError {
  readonly message: string | null;
  readonly param: string | null;
  readonly type: string | null;
  /** A word; numbers, which repeat the status, are left out. */
  readonly code: string | null;
}

const text = z.string().nullish().catch(null);
const described = { message: text, param: text, type: text, code: text };

/**
 * `error` as an object (vLLM, OpenAI, llama.cpp, Ollama) or as a string (vLLM's key check), the object without
 * an envelope (TensorRT-LLM, SGLang), or FastAPI's `detail`.
 */
const errorBody = z.looseObject({
  ...described,
  error: z
    .union([z.string(), z.looseObject(described)])
    .nullish()
    .catch(null),
  detail: z
    .union([z.string(), z.array(z.unknown()).transform((list) => JSON.stringify(list))])
    .nullish()
    .catch(null),
});

const NOTHING: EngineError = { message: null, param: null, type: null, code: null };

/** Reads an error reply; text that is no JSON (a proxy's page) or an empty body says nothing. */
export function parseErrorText(text: string): EngineError {
  try {
    return parseErrorBody(JSON.parse(text));
  } catch {
    return NOTHING;
  }
}

/** The same for a body or stream event that has been read already. */
export function parseErrorBody(body: unknown): EngineError {
  const parsed = errorBody.safeParse(body);
  if (!parsed.success) return NOTHING;
  const { error, detail } = parsed.data;
  if (typeof error === 'string') return { ...NOTHING, message: error };
  const { message, param, type, code } = error ?? parsed.data;
  return { message: message ?? detail ?? null, param: param ?? null, type: type ?? null, code: code ?? null };
}
