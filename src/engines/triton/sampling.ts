import { z } from 'zod';
import type { EngineResult, GenerationRequest } from '../../contracts/engine.ts';
import { rejectedFailure } from './failures.ts';

/**
 * The sampling fields of an OpenAI request that some Triton backend knows, checked here because Triton's
 * backends take wrong values without a word or answer them with an engine error.
 */
const FIELDS = {
  temperature: z.number().min(0).max(2),
  top_p: z.number().gt(0).max(1),
  top_k: z.int().min(-1),
  min_p: z.number().min(0).max(1),
  max_tokens: z.int().min(1),
  max_completion_tokens: z.int().min(1),
  min_tokens: z.int().min(0),
  stop: z.union([z.string().min(1), z.array(z.string().min(1)).max(16)]),
  seed: z.int(),
  presence_penalty: z.number().min(-2).max(2),
  frequency_penalty: z.number().min(-2).max(2),
  repetition_penalty: z.number().gt(0),
  length_penalty: z.number(),
  ignore_eos: z.boolean(),
  bad_words: z.array(z.string().min(1)).max(256),
  stop_token_ids: z.array(z.int().min(0)).max(256),
  allowed_token_ids: z.array(z.int().min(0)).max(4_096),
  logit_bias: z.record(z.string(), z.number().min(-100).max(100)),
  skip_special_tokens: z.boolean(),
  n: z.int().min(1).max(16),
  logprobs: z.union([z.boolean(), z.int().min(0)]),
  top_logprobs: z.int().min(0),
  response_format: z.discriminatedUnion('type', [
    z.object({ type: z.literal('text') }),
    z.object({ type: z.literal('json_object') }),
    z.object({
      type: z.literal('json_schema'),
      json_schema: z.object({ schema: z.record(z.string(), z.unknown()) }),
    }),
  ]),
  structured_outputs: z.record(z.string(), z.unknown()),
};

export type SamplingField = keyof typeof FIELDS;

const schema = z.object(FIELDS).partial();

/** Null and absent fields are left out. */
export type Sampling = z.infer<typeof schema>;

/** Fields that say nothing about the text: where it goes, who asks, what it is for. */
const IGNORED = new Set([
  'messages',
  'metadata',
  'model',
  'prompt',
  'prompt_cache_key',
  'safety_identifier',
  'service_tier',
  'store',
  'stream',
  'stream_options',
  'user',
]);

/** Values that say what happens anyway, so that they need no support. */
const HARMLESS: Readonly<Record<string, (value: unknown) => boolean>> = {
  logprobs: (value) => value === false,
  top_logprobs: (value) => value === 0,
  n: (value) => value === 1,
  response_format: (value) =>
    typeof value === 'object' && value !== null && 'type' in value && value.type === 'text',
  presence_penalty: (value) => value === 0,
  frequency_penalty: (value) => value === 0,
  ignore_eos: (value) => value === false,
  tool_choice: (value) => value === 'none',
  parallel_tool_calls: () => true,
};

/**
 * Reads the sampling fields of a request. A field that `known` lacks is refused by its name: dropping it
 * would give the caller another text than the one that was asked for.
 */
export function readSampling(
  { body }: GenerationRequest,
  known: ReadonlySet<SamplingField>,
): EngineResult<Sampling> {
  const asked: Record<string, unknown> = {};
  const unknown: string[] = [];
  for (const [name, value] of Object.entries(body)) {
    if (value === undefined || value === null || IGNORED.has(name) || HARMLESS[name]?.(value) === true)
      continue;
    if (isKnown(name, known)) asked[name] = value;
    else unknown.push(name);
  }
  if (unknown.length > 0) return { ok: false, failure: rejectedFailure(unknownMessage(unknown)) };
  const parsed = schema.safeParse(asked);
  if (parsed.success) return { ok: true, value: parsed.data };
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  return { ok: false, failure: rejectedFailure(problems.join('; ')) };
}

function isKnown(name: string, known: ReadonlySet<string>): boolean {
  return known.has(name);
}

/** The fields whose tensor a model has, where each field is a tensor of its own. */
export function fieldsWithTensors(
  tensorOf: Partial<Record<SamplingField, string>>,
  inputs: ReadonlyMap<string, unknown>,
): ReadonlySet<SamplingField> {
  const known = new Set<SamplingField>();
  for (const [field, tensor] of Object.entries(tensorOf)) {
    // The keys of the table are sampling fields, which `Object.entries` forgets.
    if (inputs.has(tensor)) known.add(field as SamplingField);
  }
  return known;
}

const MOST_NAMES_SHOWN = 10;

function unknownMessage(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMES_SHOWN).map((name) => `"${name.slice(0, 60)}"`);
  return `this engine kind has no ${shown.join(', ')}`;
}

/** Tokens of an answer when the request names no limit: Triton's models have none that they would tell. */
const DEFAULT_MAX_TOKENS = 1_024;

export function maxTokensOf({ max_completion_tokens: completion, max_tokens: total }: Sampling): number {
  return completion ?? total ?? DEFAULT_MAX_TOKENS;
}

export function stopsOf({ stop }: Sampling): readonly string[] | undefined {
  return typeof stop === 'string' ? [stop] : stop;
}
