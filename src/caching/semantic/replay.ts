import type { Call } from '../../contracts/call.ts';
import type { Random } from '../../contracts/clock.ts';
import type { Embedder } from '../../contracts/embedder.ts';
import type { SimilarReuse } from '../../contracts/evaluation.ts';
import type { Item } from '../../domain/item.ts';
import type { Label } from '../../domain/verdict.ts';
import { type Correctness, createCorrectness } from './correctness.ts';
import { probeOf } from './probe.ts';
import { VectorIndex } from './vector-index.ts';

export interface ReplayOptions {
  readonly embedder: Embedder;
  readonly random: Pick<Random, 'uniform'>;
  readonly call: Call;
  /** As in `SemanticRouterOptions`. */
  readonly maxError: number;
  readonly floor: number;
}

/** Most items that are compared with. */
const ENTRIES = 100_000;

/**
 * What the semantic cache would have done with items whose labels are known, one after the other: as all
 * labels are known, each label that it would have given is seen to be right or wrong.
 */
export async function replaySimilar(
  items: readonly { readonly item: Item; readonly label: Label }[],
  { embedder, random, call, maxError, floor }: ReplayOptions,
): Promise<SimilarReuse[]> {
  const scopes = new Map<string, VectorIndex<{ said: Label; correctness: Correctness }>>();
  const seen: SimilarReuse[] = [];
  for (const { item, label } of items) {
    const probe = await probeOf(item, embedder, call);
    if (probe === null) continue;
    const scope = item.rubric?.id ?? '';
    const index = scopes.get(scope) ?? new VectorIndex(probe.prompt.length, ENTRIES);
    scopes.set(scope, index);
    const found = index.nearest(probe, floor);
    const isRight = found?.entry.said === label;
    const isGiven =
      found !== null && random.uniform() >= found.entry.correctness.exploreShare(found.similarity, maxError);
    if (found !== null) seen.push({ similarity: found.similarity, isGiven, isRight });
    if (isGiven) continue;
    found?.entry.correctness.saw(found.similarity, isRight);
    if (!isRight) index.add(probe, { said: label, correctness: createCorrectness(floor) });
  }
  return seen;
}
