import type { Clock, Random } from '../contracts/clock.ts';
import type { JobStore, Opening } from '../contracts/job-store.ts';
import type { IntakeReport, Job, JobIntake, JobRequest, JobService, Submission } from '../contracts/jobs.ts';
import type { Logger } from '../contracts/telemetry.ts';
import { GatewayError } from '../domain/errors.ts';
import { followResults, watchJob } from './follow.ts';
import { takeIn } from './intake.ts';
import type { JobSettings } from './settings.ts';
import type { JobWorker } from './worker.ts';

/**
 * Durable jobs: takes lists of items in, gives their results out, and works on them until each item has its
 * end, whichever process dies meanwhile. The truth is in the store; this room decides when to ask a judge and
 * when not to, and sends the messages that a job's end brings. It knows no SQL and no HTTP routes.
 */
export interface JobServiceOptions {
  readonly store: JobStore;
  readonly settings: JobSettings;
  /** Names of the endpoints that may be told, by team; see the configuration. */
  readonly endpoints: { has(team: string, name: string): boolean };
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** The worker of this process. */
  readonly worker: Pick<JobWorker, 'wake' | 'refresh'>;
}

/** Bodies that come in at once; each holds a shard in memory. */
const MOST_INTAKES = 8;

export function createJobService(options: JobServiceOptions): JobService {
  const { store, clock } = options;
  let intakes = 0;
  const find = async (team: string, id: string): Promise<Job> => {
    const job = await store.find(team, id);
    if (job === null) throw notFound();
    return job;
  };
  return {
    async submit(request, intake, signal) {
      if (intakes >= MOST_INTAKES) {
        throw new GatewayError('overloaded', `${MOST_INTAKES} jobs are coming in already`);
      }
      intakes += 1;
      try {
        return await submit(request, intake, { ...options, signal });
      } finally {
        intakes -= 1;
      }
    },
    newest: (limit) => store.newest(limit),
    list: (team, page) => store.list(team, page),
    find,
    async *results(team, id, query, signal) {
      await find(team, id);
      yield* followResults({ store, clock, find: () => find(team, id) }, id, query, signal);
    },
    watch: (team, id, signal) => watchJob({ clock, find: () => find(team, id) }, signal),
    async command(team, id, command, changes) {
      const answer = await store.command(team, id, command, changes);
      if (answer === null) throw notFound();
      const { job, done } = answer;
      if (!done)
        throw new GatewayError('conflict', `a job that is ${job.state} cannot be told to ${command}`);
      await options.worker.refresh();
      return job;
    },
  };
}

function notFound(): GatewayError {
  return new GatewayError('not_found', 'there is no job with this id');
}

type Submitting = JobServiceOptions & { readonly signal: AbortSignal };

async function submit(request: JobRequest, intake: JobIntake, options: Submitting): Promise<Submission> {
  const { store, settings, random, endpoints } = options;
  const { team, webhook } = request;
  if (webhook !== null && !endpoints.has(team, webhook)) {
    const message =
      'webhook is not the name of an endpoint of your team; operators: see webhooks in the configuration';
    throw new GatewayError('invalid_request', message, { param: 'webhook' });
  }
  const id = random.id('job_');
  const deadlineSeconds = Math.min(request.deadlineSeconds ?? Infinity, settings.maxDeadlineSeconds);
  const opening = await store.open({ ...request, id, deadlineSeconds });
  if (opening.type === 'under_way') {
    throw new GatewayError('conflict', 'a job with this Idempotency-Key is just coming in');
  }
  if (opening.type === 'known') return replay(opening, intake);
  try {
    const { maxItems } = settings;
    const report = await takeIn(id, intake.lines, {
      store,
      maxItems,
      clock: options.clock,
      signal: options.signal,
    });
    if (report.items === 0) throw new GatewayError('invalid_request', 'the body has no items');
    if (request.strict && report.invalid > 0) {
      await store.abandon(id);
      return { type: 'refused', report };
    }
    return { type: 'accepted', report, job: await accept(id, intake, report, options) };
  } catch (error) {
    await store.abandon(id).catch((err: unknown) => {
      // The next sweep forgets it.
      options.logger.warn({ err, job: id }, 'a job that was not accepted could not be removed');
    });
    throw error;
  }
}

async function accept(
  id: string,
  intake: JobIntake,
  { items, invalid }: IntakeReport,
  { store, worker }: Submitting,
): Promise<Job> {
  const job = await store.accept(id, { items, invalid, bodyHash: intake.digest() });
  if (job === null) {
    throw new GatewayError('request_timeout', 'the body came too slowly: the job was given up');
  }
  worker.wake();
  return job;
}

/** The body is read to its end, for only then it is known to be the same. */
async function replay(
  { job, bodyHash }: Extract<Opening, { readonly type: 'known' }>,
  intake: JobIntake,
): Promise<Submission> {
  for await (const _line of intake.lines);
  if (intake.digest() === bodyHash) return { type: 'replayed', job };
  throw new GatewayError(
    'idempotency_mismatch',
    `the Idempotency-Key was used for the job ${job.id}, whose body was another one`,
    { param: 'idempotency-key' },
  );
}
