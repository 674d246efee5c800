import { describe, expect, it } from 'vitest';
import type { KeptLane } from '../../../src/contracts/evidence.ts';
import { createLanes, type LaneFactory } from '../../../src/routing/lanes.ts';

/** `sharedBy` of each certification that the lanes ask for, by stratum. */
function lanesOf(kept: readonly KeptLane[] = []) {
  const memories = new Map<string, () => unknown>();
  const factory: LaneFactory = {
    target: { agreement: 0.9, confidence: 0.9 },
    risk: 'marginal',
    auditShare: 0.5,
    reference: 'judge',
    now: () => 1,
    certify: () => {
      throw new Error('nothing is certified here');
    },
    announce: () => undefined,
    keeper: {
      observed: () => undefined,
      changed: (scope, memory) => memories.set(scope.stratum, memory),
      installed: () => undefined,
    },
  };
  const lanes = createLanes('default', true, factory, kept);
  const rankOf = (stratum: string): unknown => {
    lanes.of('red', stratum).doubt('to have its memory written');
    return Reflect.get(Object(memories.get(stratum)?.()), 'rank');
  };
  return { lanes, rankOf };
}

function keptLane(stratum: string, rank: number): KeptLane {
  const memory = {
    format: 1,
    generation: 1,
    rank,
    taken: 0,
    looks: { taken: 0, next: 100 },
    refusal: null,
    lastAlarm: null,
    inForce: null,
  };
  return { scope: { team: 'red', policy: 'default', stratum }, memory, observations: [] };
}

describe('lanes of a policy with strata', () => {
  it('rank in the order of their first items, and keep their ranks over a restart', () => {
    const { rankOf } = lanesOf();
    expect(['code', 'maths', 'talk'].map(rankOf)).toEqual([1, 2, 3]);
    const restarted = lanesOf([keptLane('talk', 3), keptLane('code', 1), keptLane('maths', 2)]);
    expect(['code', 'maths', 'talk', 'new'].map(restarted.rankOf)).toEqual([1, 2, 3, 4]);
  });

  it('never share a rank, also where two gateways ranked them differently', () => {
    const { rankOf } = lanesOf([keptLane('code', 1), keptLane('maths', 1), keptLane('talk', 2)]);
    expect(new Set(['code', 'maths', 'talk', 'new'].map(rankOf))).toEqual(new Set([1, 2, 3, 4]));
  });

  it('begin anew with a memory of another format', () => {
    const kept = { ...keptLane('code', 7), memory: { format: 2, rank: 7 } };
    expect(lanesOf([kept]).rankOf('code')).toBe(1);
  });
});
