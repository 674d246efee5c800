import type { Authenticator, Scope } from '../contracts/authenticator.ts';
import { authenticated } from './authentication.ts';
import type { Handler, TeamHandler } from './handler.ts';

/**
 * What a key must allow, by route: the one place that says so (the admin API asks for `admin` everywhere).
 * A route that is not here is not served. `submit` is for what costs money or changes something, `read` for
 * what only looks.
 */
const SCOPES: Readonly<Record<string, Scope>> = {
  'POST /v1/feedback/preferences': 'submit',
  'POST /v1/feedback/scores': 'submit',
  'POST /v1/feedback/critiques': 'submit',
  'POST /v1/feedback/rankings': 'submit',
  'POST /v1/feedback/outcomes': 'submit',
  'GET /v1/feedback/policies/:name': 'read',
  'GET /v1/feedback/verdicts/:id': 'read',
  'GET /v1/feedback/costs': 'read',
  'GET /v1/feedback/budget': 'read',
  'POST /v1/feedback/jobs': 'submit',
  'GET /v1/feedback/jobs': 'read',
  'GET /v1/feedback/jobs/:id': 'read',
  'GET /v1/feedback/jobs/:id/results': 'read',
  'GET /v1/feedback/jobs/:id/events': 'read',
  'POST /v1/feedback/jobs/:id/pause': 'submit',
  'POST /v1/feedback/jobs/:id/resume': 'submit',
  'POST /v1/feedback/jobs/:id/cancel': 'submit',
  'POST /v1/feedback/jobs/:id/retry-failed': 'submit',
  'GET /v1/models': 'read',
  'GET /v1/models/*id': 'read',
  'POST /v1/chat/completions': 'submit',
  'POST /v1/completions': 'submit',
  'POST /v1/responses': 'submit',
  'POST /v1/embeddings': 'submit',
  'POST /v1/score': 'submit',
  'POST /v1/rerank': 'submit',
  'POST /classify': 'submit',
  'POST /score': 'submit',
  'POST /rerank': 'submit',
  'POST /tokenize': 'submit',
  'POST /detokenize': 'submit',
  'POST /get_reward': 'submit',
  'POST /rm': 'submit',
  'POST /compare': 'submit',
  'POST /seed_session': 'submit',
  'POST /verify': 'submit',
  'POST /v1/score/evaluation': 'submit',
  'POST /v1/fine_tuning/alpha/graders/run': 'submit',
  'POST /v1/fine_tuning/alpha/graders/validate': 'submit',
  'POST /v1/files': 'submit',
  'GET /v1/files': 'read',
  'GET /v1/files/:id': 'read',
  'DELETE /v1/files/:id': 'submit',
  'GET /v1/files/:id/content': 'read',
  'POST /v1/batches': 'submit',
  'GET /v1/batches': 'read',
  'GET /v1/batches/:id': 'read',
  'POST /v1/batches/:id/cancel': 'submit',
  'GET /v1/responses/:id': 'read',
  'DELETE /v1/responses/:id': 'submit',
  'POST /v1/responses/:id/cancel': 'submit',
};

/** A handler for callers whose key allows the route. Throws for a route that is not in the table: a defect. */
export function forCallers(
  authenticator: Authenticator,
  { method, path }: { readonly method: string; readonly path: string },
  handle: TeamHandler,
): Handler {
  const scope = SCOPES[`${method} ${path}`];
  if (scope === undefined) throw new Error(`${method} ${path} has no scope`);
  return authenticated(authenticator, scope, handle);
}
