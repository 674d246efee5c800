import { z } from 'zod';
import { check, type Checked } from './problems.ts';

/**
 * OpenAI request bodies: only what the gateway itself reads or what would waste an engine call is checked.
 * Everything else passes through untouched, so that new fields and engine extras work on the day they appear.
 */
export type OpenAiBody = Readonly<Record<string, unknown>> & { readonly model: string };

export type OpenAiKind = 'chat' | 'completion' | 'embedding';

const model = z.string().min(1).max(512).meta({
  description: 'A name from `GET /v1/models`: `assay/<policy>`, an engine or a served model.',
  example: 'assay/default',
});

const stream = z.boolean().nullish();
const streamOptions = z.looseObject({ include_usage: z.boolean().nullish() }).nullish();
/** OpenAI's own bound; each choice is a whole generation. */
const n = z.int().min(1).max(128).nullish();

const contentPart = z.looseObject({ type: z.string() });

const chatMessage = z
  .looseObject({
    role: z.string().min(1).max(64),
    content: z.union([z.string(), z.array(contentPart), z.null()]).optional(),
  })
  .meta({ id: 'ChatMessage' });

export const chatRequestSchema = z
  .looseObject({ model, messages: z.array(chatMessage).min(1), stream, stream_options: streamOptions, n })
  .meta({ id: 'ChatCompletionRequest', description: 'Every other OpenAI or engine field passes through.' });

const tokenIds = z.array(z.int().min(0));
const texts = z.union([z.string(), z.array(z.union([z.string(), z.int().min(0), tokenIds])).min(1)]);

export const completionRequestSchema = z
  .looseObject({ model, prompt: texts, stream, stream_options: streamOptions, n })
  .meta({ id: 'CompletionRequest', description: 'Every other OpenAI or engine field passes through.' });

export const embeddingsRequestSchema = z
  .looseObject({ model, input: texts })
  .meta({ id: 'EmbeddingsRequest', description: 'Every other OpenAI or engine field passes through.' });

const SCHEMAS: Readonly<Record<OpenAiKind, z.ZodType<OpenAiBody>>> = {
  chat: chatRequestSchema,
  completion: completionRequestSchema,
  embedding: embeddingsRequestSchema,
};

/** Checks a body of the given kind and hands it back as it came, not as a schema would copy it. */
export function parseOpenAi(kind: OpenAiKind, body: unknown): Checked<OpenAiBody> {
  const checked = check(SCHEMAS[kind], body);
  // The schema has just proved the type; its copy is dropped so that nothing of the caller's is lost.
  return checked.ok ? { ok: true, value: body as OpenAiBody } : checked;
}

/** Paths that an engine answers with one JSON body; each is passed on where the engine has it. */
export const ENGINE_POSTS = [
  '/v1/embeddings',
  '/classify',
  '/score',
  '/v1/score',
  '/rerank',
  '/v1/rerank',
  '/tokenize',
  '/detokenize',
] as const;

export type EnginePost = (typeof ENGINE_POSTS)[number];

const enginePostSchema = z.looseObject({ model });

/** Checks such a body and hands it back as it came. */
export function parseEnginePost(path: EnginePost, body: unknown): Checked<OpenAiBody> {
  if (path === '/v1/embeddings') return parseOpenAi('embedding', body);
  const checked = check<OpenAiBody>(enginePostSchema, body);
  // As above: proved by the schema, whose copy is dropped.
  return checked.ok ? { ok: true, value: body as OpenAiBody } : checked;
}

/** True when the caller asked for a stream. */
export function wantsStream(body: OpenAiBody): boolean {
  return body['stream'] === true;
}

/** True when the caller wants the usage chunk at the end of a stream. */
export function wantsUsage(body: OpenAiBody): boolean {
  const options = body['stream_options'];
  return (
    typeof options === 'object' &&
    options !== null &&
    'include_usage' in options &&
    options.include_usage === true
  );
}

/** True for the chunk that carries usage and no choice; engines are always asked for it, callers not always. */
export function isUsageChunk(chunk: Readonly<Record<string, unknown>>): boolean {
  const { choices, usage } = chunk;
  return Array.isArray(choices) && choices.length === 0 && typeof usage === 'object' && usage !== null;
}

const modelSchema = z
  .object({ id: z.string(), object: z.literal('model'), created: z.int(), owned_by: z.string() })
  .meta({ id: 'Model' });

const modelListSchema = z
  .object({ object: z.literal('list'), data: z.array(modelSchema) })
  .meta({ id: 'ModelList' });

export const modelSchemas = { one: modelSchema, list: modelListSchema } as const;
export type WireModel = z.infer<typeof modelSchema>;
