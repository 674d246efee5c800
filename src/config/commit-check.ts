import { z } from 'zod';
import type { ValueProblem } from './references.ts';

const shape = z.looseObject({
  storage: z.looseObject({ kind: z.unknown() }).catch({ kind: undefined }),
  policies: z
    .record(z.string(), z.looseObject({ commit: z.unknown() }).catch({ commit: undefined }))
    .catch({}),
});

/** A policy cannot promise to commit where nothing is kept. */
export function commitProblems(data: unknown): ValueProblem[] {
  const read = shape.safeParse(data).data;
  if (read?.storage.kind !== 'none') return [];
  const message = 'before_reply needs a database: set storage, or leave commit out';
  return Object.entries(read.policies)
    .filter(([, { commit }]) => commit === 'before_reply')
    .map(([name]) => ({ path: ['policies', name, 'commit'], message }));
}
