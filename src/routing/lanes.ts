import type { KeptLane, LaneScope } from '../contracts/evidence.ts';
import { memoryOf } from './lane-memory.ts';
import { Lane, type LaneOptions } from './lane.ts';

/** The lanes of one policy, made when their first item comes. */
export interface Lanes {
  of(team: string, stratum: string): Lane;
  /** There is one already: made for an item, or restored. */
  has(team: string, stratum: string): boolean;
  ofTeam(team: string): readonly Lane[];
  all(): readonly Lane[];
}

export type LaneFactory = Omit<LaneOptions, 'scope' | 'sharedBy' | 'rank' | 'kept'>;

/** Strata beyond it share one lane: whoever splits by a field of free text gets this, not endless memory. */
const MOST_LANES = 256;
const OTHERS = 'other';

/** `isSplit`: the policy has more than one stratum, so that delta must be shared between them. */
export function createLanes(
  policy: string,
  isSplit: boolean,
  factory: LaneFactory,
  keptLanes: readonly KeptLane[] = [],
): Lanes {
  const lanes = new Map<string, Lane>();
  const perTeam = new Map<string, number>();
  const lookUp = (team: string, stratum: string, kept?: KeptLane): Lane => {
    const key = JSON.stringify([team, stratum]);
    const known = lanes.get(key);
    if (known !== undefined) return known;
    if (lanes.size >= MOST_LANES && stratum !== OTHERS) return lookUp(team, OTHERS);
    // A lane keeps its rank over restarts; where gateways ranked differently, the later one of two equals moves up.
    const rank = Math.max((perTeam.get(team) ?? 0) + 1, rankOf(kept));
    perTeam.set(team, rank);
    const scope: LaneScope = { team, policy, stratum };
    const lane = new Lane({ ...factory, scope, rank, sharedBy: isSplit ? rank * (rank + 1) : 1, kept });
    lanes.set(key, lane);
    return lane;
  };
  for (const kept of keptLanes.toSorted((one, other) => rankOf(one) - rankOf(other))) {
    lookUp(kept.scope.team, kept.scope.stratum, kept);
  }
  return {
    of: (team, stratum) => lookUp(team, stratum),
    has: (team, stratum) => lanes.has(JSON.stringify([team, stratum])),
    all: () => [...lanes.values()],
    ofTeam: (team) => [...lanes.values()].filter(({ scope }) => scope.team === team),
  };
}

function rankOf(kept: KeptLane | undefined): number {
  return memoryOf(kept?.memory)?.rank ?? 0;
}
