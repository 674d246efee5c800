import { createNgramEmbedder } from './caching/semantic/ngram-embedder.ts';
import { replaySimilar } from './caching/semantic/replay.ts';
import type { JudgedItem, Report, SimilarPlan } from './contracts/evaluation.ts';
import { withSimilar } from './evaluation/similar-report.ts';
import { createSeededRandom } from './statistics/random.ts';

/** In the order of the file, as if its items came one after the other. */
export async function withReplayed(
  report: Report,
  items: readonly JudgedItem[],
  { seed, ...plan }: SimilarPlan & { readonly seed: number },
): Promise<Report> {
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
  return withSimilar(report, found, { ...plan, items: labelled.length });
}
