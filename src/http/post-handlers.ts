import { ENGINE_POSTS } from '../wire/openai.ts';
import type { Catalogue } from './catalogue.ts';
import type { GatewayDeps } from './deps.ts';
import { createFeedbackHandler } from './feedback.ts';
import { createEnginePost } from './engine-post.ts';
import { createGenerationHandler } from './generation.ts';
import type { TeamHandler } from './handler.ts';
import { createOutcomesHandler } from './outcomes.ts';
import { createResponsesHandler } from './responses.ts';
import { trainerHandlers } from './trainers/routes.ts';

/** The handlers that are found by their plain path, in front of express. */
export function postHandlers(deps: GatewayDeps, catalogue: Catalogue): [string, TeamHandler][] {
  // Trainers last: where they share a path with the engines, theirs looks at the model's name and passes on.
  return [
    ['/v1/feedback/preferences', createFeedbackHandler('preference', deps, catalogue)],
    ['/v1/feedback/scores', createFeedbackHandler('score', deps, catalogue)],
    ['/v1/feedback/critiques', createFeedbackHandler('critique', deps, catalogue)],
    ['/v1/feedback/rankings', createFeedbackHandler('ranking', deps, catalogue)],
    ['/v1/feedback/outcomes', createOutcomesHandler(deps)],
    ['/v1/chat/completions', createGenerationHandler('chat', deps, catalogue)],
    ['/v1/responses', createResponsesHandler(deps, catalogue)],
    ['/v1/completions', createGenerationHandler('completion', deps, catalogue)],
    ...ENGINE_POSTS.map((path): [string, TeamHandler] => [path, createEnginePost(path, deps, catalogue)]),
    ...trainerHandlers(deps, catalogue),
  ];
}
