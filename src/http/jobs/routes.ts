import type { JobService } from '../../contracts/jobs.ts';
import { GatewayError } from '../../domain/errors.ts';
import { JOB_COMMANDS, type JobCommand } from '../../domain/job.ts';
import { renderJob, renderJobs } from '../../wire/job.ts';
import { parseCommandBody, parseListQuery } from '../../wire/job-request.ts';
import type { Catalogue } from '../catalogue.ts';
import type { GatewayDeps } from '../deps.ts';
import type { TeamHandler } from '../handler.ts';
import { readJsonIfAny } from '../json-body.ts';
import { sendJson, sendProblems } from '../reply.ts';
import type { TeamRoute } from '../team-route.ts';
import { createEventsHandler } from './progress.ts';
import { queryOf } from './query.ts';
import { createResultsHandler } from './results.ts';
import { createSubmissionHandler } from './submission.ts';

const JOBS = '/v1/feedback/jobs';
const JOB = `${JOBS}/:id`;

/** The routes of durable jobs; where nothing is kept, each says so. */
export function jobRoutes(deps: GatewayDeps, catalogue: Catalogue): readonly TeamRoute[] {
  const { jobs } = deps;
  if (jobs === null) return withoutStorage();
  const results = createResultsHandler(deps, jobs);
  const events = createEventsHandler(deps, jobs);
  const submit = createSubmissionHandler({ ...deps, jobs }, catalogue);
  return [
    { method: 'POST', path: JOBS, handle: () => submit },
    { method: 'GET', path: JOBS, handle: () => createListHandler(deps, jobs) },
    {
      method: 'GET',
      path: JOB,
      handle: (id) => async (exchange, principal) => {
        const job = await jobs.find(principal.team, id);
        sendJson(exchange, 200, renderJob(job, deps.clock.now()));
      },
    },
    { method: 'GET', path: `${JOB}/results`, handle: results },
    { method: 'GET', path: `${JOB}/events`, handle: events },
    ...JOB_COMMANDS.map((command): TeamRoute => ({
      method: 'POST',
      path: `${JOB}/${command}`,
      handle: (id) => createCommandHandler(deps, jobs, command, id),
    })),
  ];
}

function createListHandler({ clock }: GatewayDeps, jobs: JobService): TeamHandler {
  return async (exchange, principal) => {
    const parsed = parseListQuery(queryOf(exchange));
    if (!parsed.ok) sendProblems(exchange, parsed.problems);
    else sendJson(exchange, 200, renderJobs(await jobs.list(principal.team, parsed.value), clock.now()));
  };
}

function createCommandHandler(
  { clock, limits }: GatewayDeps,
  jobs: JobService,
  command: JobCommand,
  id: string,
): TeamHandler {
  return async (exchange, principal) => {
    const parsed = parseCommandBody(await readJsonIfAny(exchange, limits.bodyBytes));
    if (!parsed.ok) {
      sendProblems(exchange, parsed.problems);
      return;
    }
    const changes = command === 'retry-failed' ? parsed.value : {};
    const job = await jobs.command(principal.team, id, command, changes);
    sendJson(exchange, 200, renderJob(job, clock.now()));
  };
}

function withoutStorage(): TeamRoute[] {
  const refuse: TeamHandler = (exchange) => {
    exchange.request.resume();
    throw new GatewayError('storage_missing', 'jobs need a database, and this gateway has none');
  };
  const paths = [JOBS, JOB, `${JOB}/results`, `${JOB}/events`];
  return [
    { method: 'POST', path: JOBS, handle: () => refuse },
    ...paths.map((path): TeamRoute => ({ method: 'GET', path, handle: () => refuse })),
    ...JOB_COMMANDS.map((command): TeamRoute => ({
      method: 'POST',
      path: `${JOB}/${command}`,
      handle: () => refuse,
    })),
  ];
}
