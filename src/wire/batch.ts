import { z } from 'zod';
import type { Batch, BatchPage } from '../contracts/batches.ts';
import { check, type Checked } from './problems.ts';

/** Batches as the OpenAI API shows them. Instants are seconds since 1970. */
const instant = z.int().nullable();
const count = z.int();

export const batchSchema = z
  .object({
    id: z.string().meta({ example: 'batch_5ktoa7r21ngbq8o4dv60mnk371' }),
    object: z.literal('batch'),
    endpoint: z.string(),
    errors: z
      .object({
        object: z.literal('list'),
        data: z.array(
          z.object({
            code: z.string(),
            line: z.int().nullable(),
            message: z.string(),
            param: z.string().nullable(),
          }),
        ),
      })
      .nullable()
      .meta({ description: 'Why the input file cannot be worked on, line by line; at most 1,000.' }),
    input_file_id: z.string(),
    completion_window: z.string(),
    status: z.enum([
      'validating',
      'failed',
      'in_progress',
      'finalizing',
      'completed',
      'expired',
      'cancelling',
      'cancelled',
    ]),
    output_file_id: z.string().nullable(),
    error_file_id: z.string().nullable(),
    created_at: z.int(),
    in_progress_at: instant,
    expires_at: z.int(),
    finalizing_at: instant,
    completed_at: instant,
    failed_at: instant,
    expired_at: instant,
    cancelling_at: instant,
    cancelled_at: instant,
    request_counts: z.object({ total: count, completed: count, failed: count }),
    usage: z.object({
      input_tokens: count,
      input_tokens_details: z.object({ cached_tokens: count }),
      output_tokens: count,
      output_tokens_details: z.object({ reasoning_tokens: count }),
      total_tokens: count,
    }),
    metadata: z.record(z.string(), z.string()).nullable(),
  })
  .meta({ id: 'Batch' });

export type WireBatch = z.infer<typeof batchSchema>;

export function renderBatch(batch: Batch): WireBatch {
  const { state, problems, usage } = batch;
  const endedAt = seconds(batch.endedAt);
  const when = (wanted: Batch['state']): number | null => (state === wanted ? endedAt : null);
  return {
    id: batch.id,
    object: 'batch',
    endpoint: batch.endpoint,
    errors: problems.length === 0 ? null : { object: 'list', data: problems.map((each) => ({ ...each })) },
    input_file_id: batch.inputFileId,
    completion_window: batch.window,
    status: state,
    output_file_id: batch.outputFileId,
    error_file_id: batch.errorFileId,
    created_at: Math.floor(batch.createdAt / 1000),
    in_progress_at: seconds(batch.beganAt),
    expires_at: Math.floor(batch.expiresAt / 1000),
    finalizing_at: batch.beganAt === null ? null : endedAt,
    completed_at: when('completed'),
    failed_at: when('failed'),
    expired_at: when('expired'),
    cancelling_at: seconds(batch.cancellingAt),
    cancelled_at: when('cancelled'),
    request_counts: { total: batch.lines, completed: batch.succeeded, failed: batch.failed },
    usage: {
      input_tokens: usage.inputTokens,
      input_tokens_details: { cached_tokens: usage.cachedInputTokens },
      output_tokens: usage.outputTokens,
      output_tokens_details: { reasoning_tokens: usage.reasoningTokens },
      total_tokens: usage.inputTokens + usage.outputTokens,
    },
    metadata: batch.metadata,
  };
}

function seconds(ms: number | null): number | null {
  return ms === null ? null : Math.floor(ms / 1000);
}

export const batchListSchema = z
  .object({
    object: z.literal('list'),
    data: z.array(batchSchema),
    first_id: z.string().nullable(),
    last_id: z.string().nullable(),
    has_more: z.boolean(),
  })
  .meta({ id: 'BatchList' });

export function renderBatches({ batches, hasMore }: BatchPage): z.infer<typeof batchListSchema> {
  return {
    object: 'list',
    data: batches.map(renderBatch),
    first_id: batches[0]?.id ?? null,
    last_id: batches.at(-1)?.id ?? null,
    has_more: hasMore,
  };
}

const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;
const WINDOW = /^(?<count>[1-9][0-9]{0,5})(?<unit>[smhd])$/;

export const batchRequestSchema = z
  .object({
    input_file_id: z.string().min(1).max(128),
    endpoint: z.string().min(1).max(128),
    completion_window: z.string().regex(WINDOW, { error: 'must be a time such as 24h, 30m or 90s' }).meta({
      description: 'Lines that have no end by then end as `batch_expired`.',
      example: '24h',
    }),
    metadata: z
      .record(z.string().max(64), z.string().max(512))
      .refine((entries) => Object.keys(entries).length <= 16, { error: 'must have at most 16 entries' })
      .nullish(),
    output_expires_after: z.looseObject({}).nullish().meta({
      description: 'Taken and not used: results stay as long as those of every job.',
    }),
  })
  .meta({ id: 'BatchRequest' });

export interface WantedBatch {
  readonly inputFileId: string;
  readonly endpoint: string;
  readonly window: string;
  readonly windowSeconds: number;
  readonly metadata: Readonly<Record<string, string>> | null;
}

export function parseBatchRequest(body: unknown): Checked<WantedBatch> {
  const checked = check(batchRequestSchema, body);
  if (!checked.ok) return checked;
  const { input_file_id, endpoint, completion_window: window, metadata = null } = checked.value;
  const { count: times = '0', unit = 's' } = WINDOW.exec(window)?.groups ?? {};
  const windowSeconds = Number(times) * (new Map(Object.entries(SECONDS)).get(unit) ?? 1);
  return { ok: true, value: { inputFileId: input_file_id, endpoint, window, windowSeconds, metadata } };
}

export const batchQueryFields = {
  after: z.string().max(128).optional().meta({ description: 'Id of the last batch seen.' }),
  limit: z.coerce.number().int().min(1).max(100).optional(),
};

export function parseBatchQuery(
  query: Readonly<Record<string, string>>,
): Checked<{ readonly after: string | null; readonly limit: number }> {
  const checked = check(z.object(batchQueryFields), query);
  if (!checked.ok) return checked;
  const { after = null, limit = 20 } = checked.value;
  return { ok: true, value: { after, limit } };
}
