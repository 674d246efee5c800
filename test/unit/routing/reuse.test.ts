import { describe, expect, it } from 'vitest';
import type { Certificate } from '../../../src/contracts/certificate.ts';
import type { RoutingEnd } from '../../../src/contracts/routing.ts';
import { judgmentOf } from '../../../src/domain/judgment.ts';
import { isInForce, rememberedOf } from '../../../src/routing/reuse.ts';
import { keyOfModel } from '../../fakes/judge-key.ts';

const judgment = judgmentOf(
  [
    {
      order: 'ab',
      probabilities: { a: 0.9, b: 0.1, tie: 0 },
      worstCase: 0.9,
      censored: false,
      mass: 1,
    },
  ],
  keyOfModel('m'),
);
const accepted = (basis: 'certificate' | 'reference' | 'threshold'): RoutingEnd => ({
  type: 'accepted',
  tier: 't',
  judgment,
  certificate: basis === 'certificate' ? 'crt_old' : null,
  basis,
});
const abstained: RoutingEnd = { type: 'abstained', tier: 't', judgment };
const failed: RoutingEnd = {
  type: 'failed',
  problem: { code: 'over_budget', message: 'no money', param: null },
};

describe('a label that a policy with a target may give again', () => {
  const inForce = (id: string): Certificate => certificate(id);

  it.each([
    [
      "a small judge's, under the certificate that released it",
      accepted('certificate'),
      inForce('crt_old'),
      true,
    ],
    ["a small judge's, under a newer certificate", accepted('certificate'), inForce('crt_new'), false],
    ["a small judge's, after the certificate was withdrawn", accepted('certificate'), null, false],
    ["the reference's, under any certificate", accepted('reference'), inForce('crt_new'), true],
    ["the reference's, without one", accepted('reference'), null, true],
    ['one that was released without proof', accepted('threshold'), inForce('crt_old'), false],
    ['an abstention of the reference', abstained, null, true],
    ['a failure', failed, inForce('crt_old'), false],
  ])('%s', (_, end, certificateNow, expected) => {
    expect(isInForce(end, certificateNow)).toBe(expected);
  });

  it('is remembered with what was released, so that gold labels find it', () => {
    const lane = { team: 't', policy: 'p', stratum: 'all' };
    expect(rememberedOf('vrd_1', lane, accepted('reference'))).toEqual({
      id: 'vrd_1',
      lane,
      label: 'a',
      confidence: 0.9,
    });
    expect(rememberedOf('vrd_1', lane, abstained)?.label).toBeNull();
    expect(rememberedOf('vrd_1', lane, failed)).toBeNull();
  });
});

function certificate(id: string): Certificate {
  return {
    id,
    formatVersion: 1,
    scope: { team: 't', policy: 'p', task: 'preference', stratum: 'all', reference: keyOfModel('large') },
    target: { agreement: 0.9, confidence: 0.9 },
    risk: 'marginal',
    delta: 0.05,
    stages: [],
    threshold: 1,
    evidence: {
      items: 100,
      setAside: 0,
      trainedOn: 0,
      training: 'none',
      accepted: 50,
      errors: 1,
      bound: 0.05,
      seed: 1,
      curve: [],
    },
    createdAt: 0,
  };
}
