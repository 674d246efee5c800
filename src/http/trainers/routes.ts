import { llamaFactory } from '../../wire/trainers/llama-factory.ts';
import { openRlhf } from '../../wire/trainers/openrlhf.ts';
import { slime } from '../../wire/trainers/slime.ts';
import type { Catalogue } from '../catalogue.ts';
import type { GatewayDeps } from '../deps.ts';
import type { TeamHandler } from '../handler.ts';
import { createRewardHandler } from './rewards.ts';

const REWARD_SURFACES = [openRlhf, slime, llamaFactory];

/** The interfaces that trainers bring along, by path. */
export function trainerHandlers(deps: GatewayDeps, catalogue: Catalogue): [string, TeamHandler][] {
  return REWARD_SURFACES.map((surface) => [surface.path, createRewardHandler(surface, deps, catalogue)]);
}
