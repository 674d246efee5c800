import { describe, expect, it } from 'vitest';
import type { RefusalReason } from '../../../src/contracts/certificate.ts';
import { Lane } from '../../../src/routing/lane.ts';
import { calibrationItem, stage } from '../../fakes/calibration.ts';

const small = stage('small');
const large = stage('large').judge;

/** A lane whose every look is refused for `reason`. */
function refusedLane(reason: RefusalReason): Lane {
  const lane = new Lane({
    scope: { team: 'team', policy: 'default', stratum: 'all' },
    target: { agreement: 0.95, confidence: 0.9 },
    risk: 'marginal',
    auditShare: 0.02,
    sharedBy: 1,
    certify: () => ({ ok: false, refusal: { reason, message: reason, needed: null, items: [] } }),
    announce: () => undefined,
  });
  for (let i = 0; i < 100; i += 1) {
    lane.observe({
      verdictId: `vrd_${i}`,
      lane: lane.scope,
      item: calibrationItem([small], { id: `${i}`, logOdds: [1], reference: 'a' }),
      stages: [small],
      reference: large,
      acceptedBy: null,
      label: 'a',
      at: 0,
    });
  }
  return lane;
}

describe('a lane', () => {
  it.each(['uninformative_scores', 'risk_too_high', 'too_little_accepted'] as const)(
    'is blocked by %s, and shadows no more than audits need',
    (reason) => {
      const lane = refusedLane(reason);
      expect(lane.quality()).toMatchObject({ state: 'blocked', refusal: reason });
      expect(lane.observedShare()).toBe(0.02);
    },
  );

  it('stays cold while it only lacks items', () => {
    expect(refusedLane('too_few_items').quality().state).toBe('cold');
    expect(refusedLane('too_few_items').observedShare()).toBe(1);
  });
});
