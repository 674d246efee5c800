import { z } from 'zod';
import type { FoundVerdict } from '../contracts/ledger.ts';
import { renderTrailEntry, renderVerdict, trailEntrySchema, verdictSchema } from './verdict.ts';

/** The reply of `GET /v1/feedback/verdicts/{id}`: the verdict as it was given, and what is known beside it. */
export const keptVerdictSchema = z
  .object({
    ...verdictSchema.shape,
    object: z.literal('verdict'),
    created_at: z.string().meta({ description: 'ISO 8601, UTC.' }),
    policy: z.string(),
    request_id: z.string(),
    job_id: z.string().nullable(),
    input_sha256: z.string().nullable().meta({
      description:
        'Of prompt, candidates and what was asked about them: equal for equal questions. Their texts are not kept.',
    }),
    extra: z
      .array(z.object({ purpose: z.enum(['shadow', 'audit']), ...trailEntrySchema.shape }))
      .meta({ description: 'Calls beyond the reply: to learn about small judges, or to watch them.' }),
  })
  .meta({ id: 'KeptVerdict' });

export function renderKeptVerdict(found: FoundVerdict): z.output<typeof keptVerdictSchema> {
  return {
    ...renderVerdict(found.verdict),
    object: 'verdict',
    created_at: new Date(found.at).toISOString(),
    policy: found.policy,
    request_id: found.requestId,
    job_id: found.jobId,
    input_sha256: found.inputHash,
    extra: found.extra.map(({ purpose, entry }) => ({ purpose, ...renderTrailEntry(entry) })),
  };
}
