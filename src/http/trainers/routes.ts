import { llamaFactory } from '../../wire/trainers/llama-factory.ts';
import { openRlhf } from '../../wire/trainers/openrlhf.ts';
import { slime } from '../../wire/trainers/slime.ts';
import { verlClassify, verlEmbeddings } from '../../wire/trainers/verl.ts';
import type { Catalogue } from '../catalogue.ts';
import type { GatewayDeps } from '../deps.ts';
import type { TeamHandler } from '../handler.ts';
import { createCompareHandler } from './compare.ts';
import { createGraderRunHandler, createGraderValidateHandler } from './graders.ts';
import { createRewardModelHandler } from './reward-models.ts';
import { createRewardHandler } from './rewards.ts';
import { createSeedHandler, createVerifyHandler } from './verify.ts';

/** The interfaces that trainers bring along, by path. */
export function trainerHandlers(deps: GatewayDeps, catalogue: Catalogue): [string, TeamHandler][] {
  const rewards = [openRlhf, slime, llamaFactory].map((surface): [string, TeamHandler] => [
    surface.path,
    createRewardHandler(surface, deps, catalogue),
  ]);
  const models = [verlClassify, verlEmbeddings].map((surface): [string, TeamHandler] => [
    surface.path,
    createRewardModelHandler(surface, deps, catalogue),
  ]);
  return [
    ...rewards,
    ...models,
    ['/compare', createCompareHandler(deps, catalogue)],
    ['/seed_session', createSeedHandler(deps)],
    ['/verify', createVerifyHandler(deps, catalogue)],
    ['/v1/fine_tuning/alpha/graders/run', createGraderRunHandler(deps, catalogue)],
    ['/v1/fine_tuning/alpha/graders/validate', createGraderValidateHandler(deps)],
  ];
}
