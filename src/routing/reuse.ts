import type { Certificate } from '../contracts/certificate.ts';
import type { LaneScope, RememberedVerdict } from '../contracts/evidence.ts';
import type { RoutingEnd } from '../contracts/routing.ts';
import { labelOf } from '../domain/preference.ts';

/**
 * Whether a policy with a target still stands by what it said: the reference's own word always, a small
 * judge's only while the certificate that released it is in force. What was released without proof never.
 */
export function isInForce(end: RoutingEnd, certificate: Certificate | null): boolean {
  if (end.type === 'failed') return false;
  if (end.type === 'abstained' || end.basis === 'reference') return true;
  return end.basis === 'certificate' && certificate !== null && end.certificate === certificate.id;
}

/** As much of a verdict as gold labels need; null when nothing was judged. */
export function rememberedOf(id: string, lane: LaneScope, end: RoutingEnd): RememberedVerdict | null {
  if (end.type === 'failed') return null;
  const { judgment } = end;
  const label = end.type === 'accepted' ? labelOf(judgment.probabilities) : null;
  return { id, lane, label, confidence: judgment.confidence };
}
