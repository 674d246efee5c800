import type { Certificate } from '../contracts/certificate.ts';
import type { CalibrationTask } from '../contracts/evaluation.ts';

/** A certificate, and how its chain would have ended for the items that made it. */
export interface CalibrationOutcome {
  readonly task: CalibrationTask;
  readonly certificate: Certificate;
  /** `asked` stages were paid; `stage` accepted, null when the reference had to be asked. */
  readonly ends: readonly { readonly stage: number | null; readonly asked: number }[];
}
