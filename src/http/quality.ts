import { renderQuality } from '../wire/quality.ts';
import type { Catalogue } from './catalogue.ts';
import type { GatewayDeps } from './deps.ts';
import type { TeamHandler } from './handler.ts';
import { sendJson } from './reply.ts';

/** `GET /v1/feedback/policies/{name}`: what is proven of the labels that the caller's team gets from a policy. */
export function createQualityHandler(
  { quality }: GatewayDeps,
  catalogue: Catalogue,
): (name: string) => TeamHandler {
  return (asked) => (exchange, principal) => {
    const policy = catalogue.policy(asked, principal);
    const { name } = policy;
    const lanes = quality.lanes(principal.team, name);
    const known = {
      lanes,
      difficulty: quality.difficulty(name),
      anchors: quality.anchors(name),
      canaries: quality.canaries(name),
    };
    sendJson(exchange, 200, renderQuality(name, known));
  };
}
