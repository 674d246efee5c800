import { z } from 'zod';
import type { EnginePost } from '../../wire/openai.ts';
import type { RewardSurface } from '../../wire/trainers/surface.ts';
import type { Catalogue } from '../catalogue.ts';
import type { GatewayDeps } from '../deps.ts';
import { createEngineAnswer } from '../engine-post.ts';
import type { TeamHandler } from '../handler.ts';
import { readJson } from '../json-body.ts';
import { createRewardAnswer, policyNameOf } from './rewards.ts';

/**
 * A path that engines have too: a model `assay/<policy>` with a policy for scores answers as a reward model,
 * every other model is asked itself.
 */
export function createRewardModelHandler(
  surface: RewardSurface & { readonly path: EnginePost },
  deps: GatewayDeps,
  catalogue: Catalogue,
): TeamHandler {
  const scoring = new Set(
    deps.policies.filter(({ tasks }) => tasks.includes('score')).map(({ name }) => name),
  );
  const reward = createRewardAnswer(surface, deps, catalogue);
  const engine = createEngineAnswer(surface.path, deps, catalogue);
  return async (exchange, principal) => {
    const body = await readJson(exchange, deps.limits.bodyBytes);
    const named = namesModel.safeParse(body);
    const policy = named.success ? policyNameOf(named.data.model) : undefined;
    const answer = policy !== undefined && scoring.has(policy) ? reward : engine;
    return answer(exchange, principal, body);
  };
}

const namesModel = z.looseObject({ model: z.string() });
