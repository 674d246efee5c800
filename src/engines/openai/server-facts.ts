import { z } from 'zod';
import type { EngineFailure, EngineResult } from '../../contracts/engine.ts';
import type { Flavour } from './flavour.ts';
import type { AskJson } from './tokenizer.ts';

/** What a server says about itself and its model. */
interface FactAccess {
  readonly flavour: Flavour;
  readonly model: string;
  readonly askJson: AskJson;
}

const versionReply = z.looseObject({
  version: z.string().max(100).optional().catch(undefined),
  /** llama.cpp's word for it. */
  build_info: z.string().max(100).optional().catch(undefined),
});

/** The first question to a replica, so that one which cannot be reached is known by it. */
export async function findVersion({ flavour, askJson }: FactAccess): Promise<EngineResult<string | null>> {
  if (flavour.versionPath === null) return { ok: true, value: null };
  const reply = await askJson(flavour.versionPath, null);
  if (!reply.ok)
    return reply.status === 0 ? { ok: false, failure: reply.failure } : { ok: true, value: null };
  const { version, build_info: build } = versionReply.safeParse(reply.value).data ?? {};
  return { ok: true, value: version ?? build ?? null };
}

const length = z.int().min(1).nullish().catch(null);
const modelList = z.object({
  data: z.array(
    z.object({
      id: z.string(),
      max_model_len: length,
      /** llama.cpp: the context of one slot. */
      meta: z.object({ n_ctx: length }).nullish().catch(null),
    }),
  ),
});

/** The model's longest context, null when it is not told. A server without a list is taken at its word. */
export async function findModel({ model, askJson }: FactAccess): Promise<EngineResult<number | null>> {
  const reply = await askJson('/v1/models', null);
  if (!reply.ok) {
    return reply.status === 404 ? { ok: true, value: null } : { ok: false, failure: reply.failure };
  }
  const parsed = modelList.safeParse(reply.value);
  if (!parsed.success) return { ok: true, value: null };
  const cards = parsed.data.data;
  // Ollama lists `name:latest` for a model that is asked for as `name`.
  const card = cards.find(({ id }) => id === model || id === `${model}:latest`);
  if (card !== undefined) return { ok: true, value: card.max_model_len ?? card.meta?.n_ctx ?? null };
  const served = cards.map(({ id }) => id);
  return { ok: false, failure: notServed(model, served) };
}

const loadedModels = z.object({
  models: z.array(z.object({ name: z.string(), context_length: length })),
});

/** The context of a model that is loaded, where only that is told (Ollama). */
export async function findLoadedContext({ flavour, model, askJson }: FactAccess): Promise<number | null> {
  if (flavour.contextPath === null) return null;
  const reply = await askJson(flavour.contextPath, null);
  const parsed = reply.ok ? loadedModels.safeParse(reply.value).data : undefined;
  const loaded = parsed?.models.find(({ name }) => name === model || name === `${model}:latest`);
  return loaded?.context_length ?? null;
}

const MOST_NAMES_SHOWN = 10;

/** Read by the operator in the log and in `assay doctor`, so it may say what is served instead. */
function notServed(model: string, served: readonly string[]): EngineFailure {
  const names = served.slice(0, MOST_NAMES_SHOWN).map((name) => JSON.stringify(name.slice(0, 100)));
  return {
    code: 'model_not_found',
    message: `the engine does not serve the model ${JSON.stringify(model)}; it serves ${names.join(', ') || 'none'}`,
    sent: false,
    blamesReplica: true,
  };
}
