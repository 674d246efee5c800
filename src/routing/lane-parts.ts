import type { CalibrationItem, Certification, CertificateScope, Stage } from '../contracts/certificate.ts';

/** Certifies with the policy's target; the lane says for whom, which chain, and who shares its delta. */
export type Certify = (
  items: readonly CalibrationItem[],
  about: { readonly scope: CertificateScope; readonly stages: readonly Stage[]; readonly sharedBy: number },
) => Certification;
