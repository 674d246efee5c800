import type { Call } from '../contracts/call.ts';
import type { RoutingResult } from '../contracts/routing.ts';
import type { Item } from '../domain/item.ts';
import { labelOf } from '../domain/preference.ts';
import type { Label } from '../domain/verdict.ts';
import type { CertifiedRouterOptions, Journey } from './certified-router.ts';
import { startChain } from './chain.ts';
import { complete } from './observe.ts';

/** A label that was kept and given again, chosen for an audit by a coin that looked at nothing. */
export interface GivenAgain {
  readonly item: Item;
  readonly result: RoutingResult;
  readonly verdictId: string;
  /** Of the coin, in (0, 1]. */
  readonly probability: number;
}

/**
 * Asks what the reference says of an item now; null when it says nothing. A label that a certificate released
 * becomes an observation of its lane, with all stages asked anew: so the watch over the certificate sees what
 * is given again as it sees what is judged.
 */
export async function auditGiven(
  options: CertifiedRouterOptions,
  { item, result, verdictId, probability }: GivenAgain,
  call: Call,
): Promise<Label | null> {
  const { end, trail } = result;
  const stratum = options.stratumOf(item);
  if (end.type === 'accepted' && end.basis === 'certificate') {
    const lane = options.lanes.of(call.team, stratum);
    const run = startChain(options.chain, item);
    const view = options.gate.before(item, stratum);
    const journey: Journey = { item, verdictId, lane, run, view, decisions: [] };
    return complete(options, journey, { end, reply: null, probability, after: trail.length }, call);
  }
  const { judge, tier } = options.reference;
  const reply = await judge.judge(item, { tier }, call);
  options.keepCalls({
    verdictId,
    team: call.team,
    policy: options.policy,
    purpose: 'audit',
    after: trail.length,
    entries: reply.trail,
    at: options.now(),
  });
  return reply.ok ? labelOf(reply.judgment.probabilities) : null;
}
