import type { CalibrationItem, Certificate } from '../../contracts/certificate.ts';
import type { Label } from '../../domain/verdict.ts';
import { decideStage } from './decision.ts';

/** How a certificate's chain would have ended for one recorded item. */
export interface ReplayedItem {
  readonly item: CalibrationItem;
  /** Stage that accepted; null when the reference had to be asked. */
  readonly stage: number | null;
  /** Stages that were asked, and paid. */
  readonly asked: number;
  /** What was released: the accepting stage's label, or the reference's. */
  readonly label: Label;
  /** The released label is the reference's. */
  readonly agrees: boolean;
}

/** Sends recorded items through the decision that runs online, stage by stage. Without a certificate all are deferred. */
export function replay(certificate: Certificate | null, items: readonly CalibrationItem[]): ReplayedItem[] {
  return items.map((item) => {
    const stages = certificate?.stages.length ?? 0;
    for (let stage = 0; certificate !== null && stage < stages; stage += 1) {
      const decision = decideStage(certificate, stage, item);
      if (decision.accept && decision.label !== null) {
        const { label } = decision;
        return { item, stage, asked: stage + 1, label, agrees: label === item.reference };
      }
    }
    return { item, stage: null, asked: stages, label: item.reference, agrees: true };
  });
}
