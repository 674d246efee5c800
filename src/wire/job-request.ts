import { z } from 'zod';
import type { CommandChanges, JobRequest, ResultQuery } from '../contracts/jobs.ts';
import type { JobSampling } from '../contracts/sampling.ts';
import { PRIORITIES } from '../domain/job.ts';
import { TASKS } from '../domain/task.ts';
import { policyField } from './feedback-request.ts';
import { cleanText } from './passage.ts';
import { check, type Checked, invalid } from './problems.ts';

/** What a job is asked for: beside the items in a JSON body, or as query parameters of a JSONL body. */
const settings = {
  task: z.enum(TASKS).nullish().meta({ description: 'Kind of feedback; `preference` when absent.' }),
  policy: policyField,
  priority: z
    .enum(PRIORITIES)
    .nullish()
    .meta({ description: 'Before which jobs it goes; `normal` when absent.' }),
  deadline_seconds: z.int().min(1).max(31_536_000).nullish().meta({
    description: 'Time from acceptance; items without an end by then end as `timed_out`.',
    example: 86_400,
  }),
  budget_usd: z.number().positive().max(1e6).nullish().meta({
    description: 'What the job may cost; items that it does not reach for end as `over_budget`.',
    example: 25,
  }),
  webhook: cleanText.min(1).max(63).nullish().meta({
    description: 'Name of a configured endpoint that is told when the job ends.',
  }),
  sample: z.enum(['all', 'random', 'diversity']).nullish().meta({
    description:
      'Judge a share of the items: all alike, or rare kinds as much as frequent ones; the others end as `skipped`.',
  }),
  share: z.number().min(0.001).max(1).nullish().meta({
    description: 'Wished share of the items that are judged; needed by every `sample` but `all`.',
    example: 0.25,
  }),
  sample_seed: z
    .int()
    .min(0)
    .max(4_294_967_295)
    .nullish()
    .meta({ description: 'Of the coins; 1 when absent.' }),
  drop_near: z.number().min(0.5).max(1).nullish().meta({
    description: 'Leave out items whose texts overlap with an earlier one by this share of their shingles.',
  }),
  strict: z.boolean().nullish().meta({
    description: 'Refuse the whole when an item cannot be read; else such items end as `invalid_item`.',
  }),
};

/** The same as query parameters, for the API description. */
export const jobQueryFields = settings;

export const jobBodySchema = z
  .strictObject({ ...settings, items: z.array(z.looseObject({})) })
  .meta({ id: 'JobRequest' });

const bodyFrame = z.strictObject({ ...settings, items: z.array(z.unknown()) });

type Settings = z.infer<z.ZodObject<typeof settings>>;

/** What the caller wants of a job; `policy` is undefined for the first one. */
export type WantedJob = Omit<JobRequest, 'team' | 'policy' | 'idempotencyKey'> & {
  readonly policy: string | undefined;
  /** How its items are drawn as they come in; null takes all. */
  readonly sampling: JobSampling | null;
};

export function parseJobBody(
  body: unknown,
): Checked<{ readonly wanted: WantedJob; readonly items: readonly unknown[] }> {
  const checked = check(bodyFrame, body);
  if (!checked.ok) return checked;
  const { items, ...asked } = checked.value;
  const wanted = toWanted(asked);
  return wanted.ok ? { ok: true, value: { wanted: wanted.value, items } } : wanted;
}

const wholeText = z.string().regex(/^\d{1,15}$/, { error: 'must be a whole number' });
const numberText = z.string().regex(/^\d{1,12}(\.\d{1,9})?$/, { error: 'must be a number' });
const flagText = z.enum(['true', 'false']);

const querySchema = z.strictObject({
  task: z.string().optional(),
  policy: z.string().optional(),
  priority: z.string().optional(),
  deadline_seconds: wholeText.optional(),
  budget_usd: numberText.optional(),
  webhook: z.string().optional(),
  sample: z.string().optional(),
  share: numberText.optional(),
  sample_seed: wholeText.optional(),
  drop_near: numberText.optional(),
  strict: flagText.optional(),
});

/** The query of a JSONL body. */
export function parseJobQuery(query: Readonly<Record<string, string>>): Checked<WantedJob> {
  const texts = check(querySchema, query);
  if (!texts.ok) return texts;
  const { task, policy, priority, webhook, sample, strict, ...numbers } = texts.value;
  const checked = check(z.strictObject(settings), {
    task,
    policy,
    priority,
    webhook,
    sample,
    ...Object.fromEntries(Object.entries(numbers).map(([name, text]) => [name, Number(text)])),
    ...(strict === undefined ? {} : { strict: strict === 'true' }),
  });
  return checked.ok ? toWanted(checked.value) : checked;
}

function toWanted(asked: Settings): Checked<WantedJob> {
  const sampling = samplingOf(asked);
  if (!sampling.ok) return sampling;
  const value = {
    task: asked.task ?? 'preference',
    policy: asked.policy ?? undefined,
    priority: asked.priority ?? 'normal',
    deadlineSeconds: asked.deadline_seconds ?? null,
    budgetNanoUsd: toNano(asked.budget_usd ?? null),
    webhook: asked.webhook ?? null,
    strict: asked.strict ?? false,
    sampling: sampling.value,
  };
  return { ok: true, value };
}

function samplingOf({
  sample,
  share,
  sample_seed: seed,
  drop_near: near,
}: Settings): Checked<JobSampling | null> {
  const method = sample ?? 'all';
  const isShared = share !== null && share !== undefined;
  if (method === 'all' && isShared) {
    return { ok: false, problems: [invalid('share', 'needs a sample: name one, as sample=random')] };
  }
  if (method !== 'all' && !isShared) {
    return { ok: false, problems: [invalid('share', `is required by sample=${method}`)] };
  }
  const dropNear = near ?? null;
  if (method === 'all' && dropNear === null) return { ok: true, value: null };
  return { ok: true, value: { method, share: share ?? 1, seed: seed ?? 1, dropNear } };
}

function toNano(usd: number | null): number | null {
  return usd === null ? null : Math.round(usd * 1e9);
}

const resultQuerySchema = z.strictObject({
  order: z.enum(['item', 'finished']).default('item'),
  after: wholeText.optional(),
  follow: flagText.default('false'),
});

export function parseResultQuery(query: Readonly<Record<string, string>>): Checked<ResultQuery> {
  const checked = check(resultQuerySchema, query);
  if (!checked.ok) return checked;
  const { order, after, follow } = checked.value;
  const start = order === 'item' ? -1 : 0;
  return {
    ok: true,
    value: { order, after: after === undefined ? start : Number(after), follow: follow === 'true' },
  };
}

const MOST_LISTED = 100;

const listQuerySchema = z.strictObject({
  after: cleanText.min(1).max(64).optional(),
  limit: wholeText.optional(),
});

export function parseListQuery(
  query: Readonly<Record<string, string>>,
): Checked<{ readonly after: string | null; readonly limit: number }> {
  const checked = check(listQuerySchema, query);
  if (!checked.ok) return checked;
  const { after, limit } = checked.value;
  const wanted = check(z.strictObject({ limit: z.int().min(1).max(MOST_LISTED) }), {
    limit: Number(limit ?? 20),
  });
  return wanted.ok ? { ok: true, value: { after: after ?? null, limit: wanted.value.limit } } : wanted;
}

/** The body of `retry-failed`; it may be absent, as that of the other commands must be. */
export const commandBodySchema = z
  .strictObject({ budget_usd: settings.budget_usd, deadline_seconds: settings.deadline_seconds })
  .meta({ id: 'RetryFailed' });

export function parseCommandBody(body: unknown): Checked<CommandChanges> {
  const checked = check(commandBodySchema, body);
  if (!checked.ok) return checked;
  const { deadline_seconds: deadlineSeconds } = checked.value;
  const budgetNanoUsd = toNano(checked.value.budget_usd ?? null);
  return {
    ok: true,
    value: {
      ...(budgetNanoUsd === null ? {} : { budgetNanoUsd }),
      ...(deadlineSeconds === null || deadlineSeconds === undefined ? {} : { deadlineSeconds }),
    },
  };
}
