import { GatewayError } from '../domain/errors.ts';
import { backgroundRoutes } from './background/routes.ts';
import type { GatewayDeps } from './deps.ts';
import type { TeamHandler } from './handler.ts';
import { batchRoutes } from './openai-batches/routes.ts';
import { fileRoutes } from './openai-files/routes.ts';
import type { TeamRoute } from './team-route.ts';

/** OpenAI files, batches and responses in the background; where nothing is kept, each route says so. */
export function storedRoutes(deps: GatewayDeps): readonly TeamRoute[] {
  return [...filesAndBatches(deps), ...backgroundRoutes(deps)];
}

function filesAndBatches(deps: GatewayDeps): readonly TeamRoute[] {
  const { stored } = deps;
  if (stored !== null) return [...fileRoutes(deps, stored.files), ...batchRoutes(deps, stored.batches)];
  return ROUTES.map(([method, path]): TeamRoute => ({ method, path, handle: () => refuse }));
}

const ROUTES: readonly (readonly [TeamRoute['method'], string])[] = [
  ['POST', '/v1/files'],
  ['GET', '/v1/files'],
  ['GET', '/v1/files/:id'],
  ['DELETE', '/v1/files/:id'],
  ['GET', '/v1/files/:id/content'],
  ['POST', '/v1/batches'],
  ['GET', '/v1/batches'],
  ['GET', '/v1/batches/:id'],
  ['POST', '/v1/batches/:id/cancel'],
];

const refuse: TeamHandler = (exchange) => {
  exchange.request.resume();
  throw new GatewayError('storage_missing', 'files and batches need a database, and this gateway has none');
};
