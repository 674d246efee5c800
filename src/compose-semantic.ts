import type { CachedRouterOptions } from './caching/cached-router.ts';
import { createEngineEmbedder } from './caching/semantic/engine-embedder.ts';
import { createNgramEmbedder } from './caching/semantic/ngram-embedder.ts';
import { createSemanticRouter, type SemanticRouter } from './caching/semantic/semantic-router.ts';
import { need } from './compose-parts.ts';
import type { RoutingParts } from './compose-routing.ts';
import type { Config } from './config/schema.ts';
import type { Embedder } from './contracts/embedder.ts';
import type { Engine } from './contracts/engine.ts';
import type { Router } from './contracts/routing.ts';

type PolicyConfig = Config['policies'][string];
type SemanticConfig = NonNullable<PolicyConfig['cache']['semantic']>;

export interface CachingParts extends RoutingParts {
  readonly engines: ReadonlyMap<string, Engine>;
}

interface SimilarParts extends CachingParts {
  readonly rule: Pick<CachedRouterOptions, 'stratumOf' | 'isCurrent'>;
  readonly promise: string;
}

/** The judges of a policy behind labels of similar items; null for a policy that does not want that. */
export function createPolicySimilar(
  name: string,
  policy: PolicyConfig,
  router: Router,
  { labels, parts, engines, rule, promise }: SimilarParts,
): SemanticRouter | null {
  const { semantic, ttlMs } = policy.cache;
  if (semantic === undefined) return null;
  return createSemanticRouter(router, {
    ...rule,
    store: labels.similar,
    counts: labels.similarCounts,
    embedder: embedderOf(semantic, { engines, parts }),
    random: parts.random,
    policy: name,
    promise,
    maxError: semantic.maxError,
    floor: semantic.minSimilarity,
    ttlMs,
  });
}

function embedderOf(
  { engine: id, embedMs }: SemanticConfig,
  { engines, parts }: Pick<CachingParts, 'engines' | 'parts'>,
): Embedder {
  if (id === undefined) return createNgramEmbedder();
  return createEngineEmbedder({ engine: need(engines.get(id), id), calls: parts.calls, timeoutMs: embedMs });
}
