import type { LaneScope } from '../contracts/evidence.ts';
import { Lane, type LaneOptions } from './lane.ts';

/** The lanes of one policy, made when their first item comes. */
export interface Lanes {
  of(team: string, stratum: string): Lane;
  ofTeam(team: string): readonly Lane[];
  all(): readonly Lane[];
}

export type LaneFactory = Omit<LaneOptions, 'scope' | 'sharedBy'>;

/** Strata beyond it share one lane: whoever splits by a field of free text gets this, not endless memory. */
const MOST_LANES = 256;
const OTHERS = 'other';

/** `isSplit`: the policy has more than one stratum, so that delta must be shared between them. */
export function createLanes(policy: string, isSplit: boolean, factory: LaneFactory): Lanes {
  const lanes = new Map<string, Lane>();
  const perTeam = new Map<string, number>();
  const lookUp = (team: string, stratum: string): Lane => {
    const key = JSON.stringify([team, stratum]);
    const known = lanes.get(key);
    if (known !== undefined) return known;
    if (lanes.size >= MOST_LANES && stratum !== OTHERS) return lookUp(team, OTHERS);
    const rank = (perTeam.get(team) ?? 0) + 1;
    perTeam.set(team, rank);
    const scope: LaneScope = { team, policy, stratum };
    const lane = new Lane({ ...factory, scope, sharedBy: isSplit ? rank * (rank + 1) : 1 });
    lanes.set(key, lane);
    return lane;
  };
  return {
    of: lookUp,
    all: () => [...lanes.values()],
    ofTeam: (team) => [...lanes.values()].filter(({ scope }) => scope.team === team),
  };
}
