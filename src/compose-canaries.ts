import { type PolicyRouter, type RoutingParts } from './compose-routing.ts';
import type { Config } from './config/schema.ts';
import type { Router } from './contracts/routing.ts';
import { createCanaries, followedByCanaries } from './routing/canaries/canaries.ts';
import { createCertifiedRouter } from './routing/certified-router.ts';
import { asOnlooker } from './routing/onlooker.ts';

type PolicyConfig = Config['policies'][string];

/** `router` with the canaries of the policy behind it; they take the way of `made`, past every cache. */
export function withCanaries(
  name: string,
  policy: PolicyConfig,
  { router, made }: { readonly router: Router; readonly made: PolicyRouter },
  { canaries, evidence, parts, ledger }: RoutingParts,
): Router {
  const items = canaries.get(name) ?? [];
  const record = evidence.canariesOf(name, policy, items);
  if (policy.canaries === undefined || items.length === 0) return router;
  const counter = parts.telemetry?.meter.counter('assay_canary_judged_total');
  const sent = createCanaries({
    policy: name,
    items,
    share: policy.canaries.share,
    router: made.certified === null ? made.router : createCertifiedRouter(asOnlooker(made.certified)),
    record,
    auditor: evidence.auditor,
    timeoutMs: policy.deadlineMs,
    random: parts.random,
    now: () => parts.clock.now(),
    observer: parts.telemetry?.verdicts,
    keepCalls: (calls) => ledger?.journal.recordExtra(calls),
    answered({ result, alarm }) {
      if (result !== null) counter?.of({ policy: name, result }).add();
      if (alarm === null) return;
      parts.logger.warn({ event: 'canary_alarm', policy: name, detail: alarm }, 'canaries miss the target');
    },
  });
  return followedByCanaries(router, sent);
}
