import type { Draw, Sampler } from '../contracts/sampling.ts';
import { addCosts } from '../domain/cost.ts';
import type { Problem } from '../domain/errors.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { TaskRunner } from './runners.ts';
import { unjudgedVerdict } from './verdict.ts';

/** The runner for those items that the sampler takes; the others end as `skipped`, with their probability. */
export function sampledRunner(run: TaskRunner, sampler: Sampler): TaskRunner {
  return async (heading, item, call) => {
    const draw = await sampler.draw(item, call);
    const verdict = draw.taken
      ? await run(heading, item, call)
      : unjudgedVerdict(heading, notSampled(draw, heading.itemId));
    return {
      ...withScouts(verdict, draw),
      inclusionProbability: verdict.inclusionProbability * draw.inclusion,
    };
  };
}

function notSampled({ reason }: Draw, itemId: string): Problem {
  return { code: 'not_sampled', message: `${itemId} ${reason ?? 'was left out by sampling'}`, param: itemId };
}

/** The scouts were asked for this item, so it pays for them. */
function withScouts(verdict: Verdict, { trail }: Draw): Verdict {
  if (trail.length === 0) return verdict;
  return {
    ...verdict,
    cost: addCosts([...trail.map(({ cost }) => cost), verdict.cost]),
    trail: [...trail, ...verdict.trail],
  };
}
