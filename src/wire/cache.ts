import { z } from 'zod';
import type { CacheStats, LabelFilter, SweptLabels } from '../contracts/cache.ts';
import { GatewayError } from '../domain/errors.ts';

/** Bodies of `GET /admin/cache` and `POST /admin/cache/invalidate`. */
const named = z.string().min(1).max(256);
const invalidationSchema = z
  .strictObject({
    judge: named.exactOptional(),
    rubric: named.exactOptional(),
    policy: named.exactOptional(),
    team: named.exactOptional(),
    dry_run: z.boolean().default(true),
  })
  .refine(
    ({ judge, rubric, policy, team }) => [judge, rubric, policy, team].some((name) => name !== undefined),
    'name a judge, a rubric, a policy or a team: labels that fit all that is named are meant',
  );

/** Throws `invalid_request` with everything that is wrong. */
export function readInvalidation(body: unknown): { readonly filter: LabelFilter; readonly dryRun: boolean } {
  const read = invalidationSchema.safeParse(body);
  if (!read.success) {
    const [first] = read.error.issues;
    const message = read.error.issues
      .map((issue) => `${issue.path.join('.')} ${issue.message}`.trim())
      .join('; ');
    throw new GatewayError('invalid_request', message, { param: first?.path.join('.') ?? null });
  }
  const { dry_run: dryRun, ...filter } = read.data;
  return { filter, dryRun };
}

export function renderSwept({ memory, redis }: SweptLabels, dryRun: boolean) {
  return { object: 'cache.invalidation', dry_run: dryRun, memory, redis };
}

export function renderCacheStats({ memory, redis, rechecks, semantic }: CacheStats) {
  return {
    object: 'cache',
    memory: {
      entries: memory.entries,
      bytes: memory.bytes,
      most_bytes: memory.mostBytes,
      evicted: memory.evicted,
    },
    redis,
    rechecks: {
      checked: rechecks.checked,
      disagreed: rechecks.disagreed,
      undecided: rechecks.undecided,
      judges_dropped: rechecks.judgesDropped,
    },
    semantic: {
      entries: semantic.entries,
      bytes: semantic.bytes,
      most_bytes: semantic.mostBytes,
      found: semantic.found,
      given: semantic.given,
      compared: semantic.compared,
      differed: semantic.differed,
    },
  };
}
