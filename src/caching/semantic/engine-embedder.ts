import { z } from 'zod';
import type { Call, CallStarter } from '../../contracts/call.ts';
import type { Embedder } from '../../contracts/embedder.ts';
import type { Engine } from '../../contracts/engine.ts';
import { normalised } from './ngram-embedder.ts';

export interface EngineEmbedderOptions {
  readonly engine: Pick<Engine, 'id' | 'model' | 'post'>;
  readonly calls: CallStarter;
  /** Longest wait for the vectors, in milliseconds, > 0. */
  readonly timeoutMs: number;
}

const replySchema = z.object({
  data: z.array(z.object({ index: z.int().min(0), embedding: z.array(z.number()).min(1).max(8_192) })),
});

/** Vectors from `/v1/embeddings` of an engine (OpenAI API reference, "Embeddings"), all texts in one call. */
export function createEngineEmbedder({ engine, calls, timeoutMs }: EngineEmbedderOptions): Embedder {
  return {
    id: `${engine.id} ${engine.model}`,
    async embed(texts, call) {
      const { requestId, team } = call;
      const own = calls.start({ requestId, team, timeoutMs, ...classOf(call) });
      call.signal.addEventListener('abort', own.cancel, { once: true });
      try {
        if (call.signal.aborted) return null;
        const body = { model: engine.model, input: texts, encoding_format: 'float' };
        const { result } = await engine.post('/v1/embeddings', body, own.call);
        return result.ok ? vectorsOf(result.value.body, texts.length) : null;
      } finally {
        call.signal.removeEventListener('abort', own.cancel);
        own.end();
      }
    },
  };
}

function classOf({ class: urgency }: Call): Pick<Call, 'class'> {
  return urgency === undefined ? {} : { class: urgency };
}

/** Null when it is no vector of finite numbers and of one length for each text. */
function vectorsOf(body: unknown, wanted: number): readonly Float32Array[] | null {
  const read = replySchema.safeParse(body);
  if (!read.success || read.data.data.length !== wanted) return null;
  const vectors = read.data.data
    .toSorted((x, y) => x.index - y.index)
    .map(({ embedding }) => normalised(Float32Array.from(embedding)));
  const isWhole = vectors.every(
    (vector) => vector.length === vectors[0]?.length && vector.every(Number.isFinite),
  );
  return isWhole ? vectors : null;
}
