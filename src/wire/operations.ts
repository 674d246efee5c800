import type { Operations, RecentVerdict, ReplicaTokens } from '../contracts/admin.ts';
import { renderVerdict } from './verdict.ts';

/** Lists of the admin API that the console shows. Texts of items and verdicts are in none of them. */
export function renderRecentVerdict({ verdict, team, policy, ms, at }: RecentVerdict) {
  const { cost, trail, decisions, ...wire } = renderVerdict(verdict);
  return {
    id: wire.id,
    item_id: wire.item_id,
    team,
    policy,
    task: wire.task,
    outcome: wire.outcome,
    label: wire.label,
    confidence: wire.confidence,
    tier: wire.tier,
    cache: wire.cache,
    flags: wire.flags,
    cost_usd: cost.usd,
    at,
    ms,
    decisions,
    trail,
    error: wire.error,
  };
}

/** `share` is the part of the engine's tokens that this gateway knows of; null where the engine counted none. */
export function renderTokens({ engine, replica, tokens }: ReplicaTokens) {
  if (tokens === null) return { engine, replica, tokens: null };
  const { since, at, ours, engine: counted, unknownCalls, inFlight } = tokens;
  const difference = { input: counted.input - ours.input, output: counted.output - ours.output };
  const all = counted.input + counted.output;
  return {
    engine,
    replica,
    tokens: {
      since,
      at,
      ours,
      engine: counted,
      difference,
      share: all === 0 ? null : (ours.input + ours.output) / all,
      unknown_calls: unknownCalls,
      in_flight: inFlight,
    },
  };
}

type Lane = ReturnType<Operations['lanes']>[number];

export function renderLane({ nextLook, lastAlarm, ...lane }: Lane) {
  return {
    team: lane.team,
    policy: lane.policy,
    stratum: lane.stratum,
    state: lane.state,
    reason: lane.reason,
    certificate: lane.certificate,
    observations: lane.observations,
    next_look: nextLook,
    released: lane.released,
    audited: lane.audited,
    disagreed: lane.disagreed,
    last_alarm: lastAlarm,
  };
}
