import type { Judges } from './compose-judges.ts';
import { need } from './compose-parts.ts';
import type { Config } from './config/schema.ts';
import type { JobSampling, LineSampler, Sampler } from './contracts/sampling.ts';
import type { Task } from './domain/task.ts';
import { sampledRunner } from './feedback/sampled.ts';
import type { TaskRunner } from './feedback/runners.ts';
import { createLineSampler, createSampler, type SamplingMethod } from './routing/sampling/sampler.ts';
import { type Scout, scoutOf } from './routing/sampling/scouts.ts';

type PolicyConfig = Config['policies'][string];

/** For the items of one job, as they come in. */
export function createJobSampler({ method, ...rest }: JobSampling): LineSampler {
  return createLineSampler({ ...rest, method: { type: method } });
}

/** The runners of a policy, for the items that its sampling takes. Each task has a pace of its own. */
export function sampledRunners(
  policy: PolicyConfig,
  runners: ReadonlyMap<Task, TaskRunner>,
  judges: Judges,
): ReadonlyMap<Task, TaskRunner> {
  const { method, dropNear } = policy.sampling;
  if (method === 'all' && dropNear === undefined) return runners;
  return new Map(
    [...runners].map(([task, run]): [Task, TaskRunner] => [
      task,
      sampledRunner(run, samplerOf(policy, task, judges)),
    ]),
  );
}

function samplerOf({ sampling }: PolicyConfig, task: Task, judges: Judges): Sampler {
  const { share = 1, seed, dropNear = null } = sampling;
  return createSampler({ method: methodOf(sampling, task, judges), share, seed, dropNear });
}

function methodOf(
  { method, scouts: names }: PolicyConfig['sampling'],
  task: Task,
  judges: Judges,
): SamplingMethod {
  if (method === 'all' || method === 'random' || method === 'diversity') return { type: method };
  // Groups of more than two have no one opinion: rankings of such a policy are drawn evenly.
  if (task === 'ranking') return { type: 'random' };
  const scouts = names.map((name): Scout =>
    task === 'score'
      ? scoutOf(need(judges.score.get(name), name))
      : scoutOf(need(judges.preference.get(name), name)),
  );
  const [one, other] = scouts;
  if (method === 'uncertainty') return { type: method, scout: need(one, 'scout') };
  return { type: method, scouts: [need(one, 'scout'), need(other, 'second scout')] };
}
