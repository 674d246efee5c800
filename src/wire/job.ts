import { z } from 'zod';
import type { IntakeReport, Job, JobPage, JobResult } from '../contracts/jobs.ts';
import { toUsd } from '../domain/cost.ts';
import { hasEnded, JOB_STATES, PRIORITIES } from '../domain/job.ts';
import { TASKS } from '../domain/task.ts';
import { errorSchema, renderProblem } from './envelope.ts';
import { renderVerdict, verdictSchema } from './verdict.ts';

/** Jobs as the API shows them. Instants are seconds since 1970, as in the OpenAI API. */
const instant = z.int().nullable();

export const jobSchema = z
  .object({
    id: z.string().meta({ example: 'job_5ktoa7r21ngbq8o4dv60mnk371' }),
    object: z.literal('feedback.job'),
    task: z.enum(TASKS),
    policy: z.string(),
    priority: z.enum(PRIORITIES),
    state: z.enum(JOB_STATES.filter((state) => state !== 'receiving')).meta({
      description:
        '`stopping`: what is left ends without being judged; then the job is `cancelled`, `expired` or `over_budget`.',
    }),
    items: z.int().meta({ description: 'Items that were accepted: each ends exactly once.' }),
    finished: z.int(),
    invalid_items: z.int().meta({ description: 'Of them, those that could not be read.' }),
    outcomes: z.record(z.string(), z.int()).meta({ description: 'Finished items by outcome.' }),
    last_sequence: z.int().meta({ description: 'Number of the newest result.' }),
    labels_per_second: z
      .number()
      .nullable()
      .meta({ description: 'Of late; of the whole job once it ended.' }),
    cost_usd: z.number(),
    budget_usd: z.number().nullable(),
    webhook: z.string().nullable(),
    created_at: z.int(),
    started_at: instant,
    ended_at: instant,
    expires_at: z.int(),
    expected_end_at: instant.meta({ description: 'At the rate of late; null while nobody knows.' }),
  })
  .meta({ id: 'Job' });

export type WireJob = z.infer<typeof jobSchema>;

/** `now` in milliseconds since 1970. */
export function renderJob(job: Job, now: number): WireJob {
  return {
    id: job.id,
    object: 'feedback.job',
    task: job.task,
    policy: job.policy,
    priority: job.priority,
    // A job that is still coming in is shown to nobody.
    state: job.state === 'receiving' ? 'queued' : job.state,
    items: job.items,
    finished: job.finished,
    invalid_items: job.invalid,
    outcomes: { ...job.counts },
    last_sequence: job.lastSequence,
    labels_per_second: job.perSecond === null ? null : Math.round(job.perSecond * 10) / 10,
    cost_usd: toUsd(job.nanoUsd),
    budget_usd: job.budgetNanoUsd === null ? null : toUsd(job.budgetNanoUsd),
    webhook: job.webhook,
    created_at: seconds(job.createdAt),
    started_at: job.startedAt === null ? null : seconds(job.startedAt),
    ended_at: job.endedAt === null ? null : seconds(job.endedAt),
    expires_at: seconds(job.expiresAt),
    expected_end_at: expectedEnd(job, now),
  };
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}

function expectedEnd({ state, perSecond, items, finished }: Job, now: number): number | null {
  if (hasEnded(state) || perSecond === null || perSecond <= 0) return null;
  return seconds(now + ((items - finished) / perSecond) * 1000);
}

export const submissionSchema = jobSchema
  .extend({
    report: z
      .object({
        items: z.int(),
        invalid_items: z.int(),
        problems: z
          .array(z.object({ line: z.int(), error: errorSchema }))
          .meta({ description: 'The first 100; the results tell of every one.' }),
      })
      .optional()
      .meta({ description: 'How the items were read; absent when the job was there already.' }),
  })
  .meta({ id: 'SubmittedJob' });

export function renderSubmission(
  job: Job,
  report: IntakeReport | null,
  now: number,
): z.infer<typeof submissionSchema> {
  if (report === null) return renderJob(job, now);
  const problems = report.problems.map(({ line, problem }) => ({ line, error: renderProblem(problem) }));
  return {
    ...renderJob(job, now),
    report: { items: report.items, invalid_items: report.invalid, problems },
  };
}

export const jobListSchema = z
  .object({ object: z.literal('list'), data: z.array(jobSchema), has_more: z.boolean() })
  .meta({ id: 'JobList' });

export function renderJobs({ jobs, hasMore }: JobPage, now: number): z.infer<typeof jobListSchema> {
  return { object: 'list', data: jobs.map((job) => renderJob(job, now)), has_more: hasMore };
}

export const jobResultSchema = verdictSchema
  .extend({
    index: z.int().meta({ description: 'Place of the item in the job, from 0.' }),
    sequence: z.int().meta({ description: 'Results are numbered from 1 as they come.' }),
  })
  .meta({ id: 'JobResult' });

/** One line of the results. */
export function renderResult({ n, sequence, verdict }: JobResult): z.infer<typeof jobResultSchema> {
  return { index: n, sequence, ...renderVerdict(verdict) };
}
