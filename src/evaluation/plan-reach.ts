import type { Certificate } from '../contracts/certificate.ts';
import type { Range } from '../contracts/plan.ts';
import { wilson } from '../statistics/binomial.ts';

/** Share of the rows that get to a tier, and from what that is known. */
export interface Reach {
  readonly reach: Range;
  readonly basis: string;
}

/** What the small judges did not accept when they were certified, and the audited share of the rest. */
export function underCertificates(certificates: readonly Certificate[], auditShare: number): Reach {
  let accepted = 0;
  let items = 0;
  for (const { evidence } of certificates) {
    accepted += evidence.accepted;
    items += evidence.items;
  }
  const left = shareRange(items - accepted, items);
  const withAudits = (share: number): number => share + (1 - share) * auditShare;
  return {
    reach: { low: withAudits(left.low), expected: withAudits(left.expected), high: withAudits(left.high) },
    basis: `certified on ${items} rows, of which the judges before it decided ${accepted}; audits included`,
  };
}

/** A share with its 95 % interval as the ends. */
export function shareRange(part: number, whole: number): Range {
  const { estimate, low, high } = wilson(part, whole, 0.95);
  return { low, expected: estimate, high };
}

export function exactly(value: number): Range {
  return { low: value, expected: value, high: value };
}
