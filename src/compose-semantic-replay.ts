import { createNgramEmbedder } from './caching/semantic/ngram-embedder.ts';
import { replaySimilar } from './caching/semantic/replay.ts';
import type { JudgedItem, SimilarPlan, SimilarReplay } from './contracts/evaluation.ts';
import { createSeededRandom } from './statistics/random.ts';

/** In the order of the file, as if its items came one after the other. */
export async function replayJudged(
  items: readonly JudgedItem[],
  { seed, ...plan }: SimilarPlan & { readonly seed: number },
): Promise<SimilarReplay> {
  const labelled = items.flatMap(({ item, verdict }) => {
    const label = verdict?.label ?? null;
    return item === null || label === null ? [] : [{ item, label }];
  });
  const { signal } = new AbortController();
  const found = await replaySimilar(labelled, {
    ...plan,
    embedder: createNgramEmbedder(),
    random: createSeededRandom(seed),
    call: { requestId: 'replay', team: 'default', signal, deadline: Infinity },
  });
  return { ...plan, items: labelled.length, found };
}
