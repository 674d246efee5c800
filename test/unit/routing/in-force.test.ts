import { describe, expect, it } from 'vitest';
import { certify } from '../../../src/routing/certificates/certify.ts';
import { InForce } from '../../../src/routing/in-force.ts';
import { calibrationItem, certifyRequest, stage } from '../../fakes/calibration.ts';

const stages = [stage('small')];

function itemOf(n: number) {
  const odds = (n % 2 === 0 ? 1 : -1) * (1 + n / 100);
  const reference = n % 2 === 0 ? 'a' : 'b';
  return calibrationItem(stages, { id: `i${n}`, logOdds: [odds], reference });
}

/** Audits of a certificate for 95 % until one is reason to withdraw it; every tenth accepted label is wrong. */
function auditsUntilWithdrawn(reuseError: number | undefined): number | null {
  const items = Array.from({ length: 100 }, (_, n) => itemOf(n));
  const made = certify(items, certifyRequest(stages));
  if (!made.ok) throw new Error(made.refusal.message);
  const { certificate } = made;
  const inForce = new InForce({
    certificate,
    since: 0,
    auditShare: 0.02,
    answers: [],
    ...(reuseError === undefined ? {} : { reuseError }),
  });
  for (let n = 1; n <= 600; n += 1) {
    const item = itemOf(n);
    const label = n % 10 === 0 ? (item.reference === 'a' ? 'b' : 'a') : item.reference;
    const reason = inForce.audit({ acceptedBy: certificate.id, label, item, probability: 0.02 });
    if (reason !== null) return n;
  }
  return null;
}

describe('the watch over a certificate', () => {
  it('withdraws one whose labels are wrong twice as often as it promises', () => {
    expect(auditsUntilWithdrawn(undefined)).not.toBeNull();
    expect(auditsUntilWithdrawn(0)).toBe(auditsUntilWithdrawn(undefined));
  });

  it('lets labels of similar items add the errors that the policy gives them, and no more', () => {
    // 5 % of the certificate and 10 % of the cache are more than the 10 % that are wrong; 1 % of the cache is not.
    expect(auditsUntilWithdrawn(0.1)).toBeNull();
    expect(auditsUntilWithdrawn(0.01)).not.toBeNull();
  });
});
