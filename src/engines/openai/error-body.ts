import { z } from 'zod';

/** What an engine says about an error, whichever of the four shapes it uses; null where it says nothing. */
export interface EngineError {
  readonly message: string | null;
  readonly param: string | null;
  readonly type: string | null;
}

/** `error` as an object (vLLM, OpenAI), as a string (vLLM's key check), or FastAPI's `detail`. */
const errorBody = z.looseObject({
  error: z
    .union([
      z.string(),
      z.looseObject({
        message: z.string().nullish().catch(null),
        param: z.string().nullish().catch(null),
        type: z.string().nullish().catch(null),
      }),
    ])
    .nullish()
    .catch(null),
  detail: z
    .union([z.string(), z.array(z.unknown()).transform((list) => JSON.stringify(list))])
    .nullish()
    .catch(null),
});

const NOTHING: EngineError = { message: null, param: null, type: null };

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
  if (error) return { message: error.message ?? null, param: error.param ?? null, type: error.type ?? null };
  return { ...NOTHING, message: detail ?? null };
}
