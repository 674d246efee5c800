import type { CalibrationItem, CertifyRequest, Stage } from '../../src/contracts/certificate.ts';
import { judgeKeyOf } from '../../src/domain/judge-key.ts';

/** Made-up judges and items for tests of certificates: the truth behind every score is known. */
export function stage(model: string, orders: 'one' | 'both' = 'both'): Stage {
  return {
    tier: model,
    judge: judgeKeyOf({
      model,
      precision: null,
      prompt: 'preference/label@1',
      promptHash: '0123456789abcdef',
      orders,
      route: 'label_ids',
      engine: 'openai/vllm',
      fingerprint: 'build-1',
    }),
  };
}

export interface MadeItem {
  readonly id: string;
  readonly prompt?: string;
  /** For each stage the log-odds of `a`; null: no label. */
  readonly logOdds: readonly (number | null)[];
  readonly reference: 'a' | 'b';
  readonly lengthLogRatio?: number;
  readonly stratum?: string;
}

export function calibrationItem(stages: readonly Stage[], made: MadeItem): CalibrationItem {
  return {
    id: made.id,
    prompt: made.prompt ?? made.id,
    lengthLogRatio: made.lengthLogRatio ?? 0,
    answers: made.logOdds.map((odds, i) =>
      odds === null
        ? null
        : {
            judge: stages[i]?.judge.id ?? 'none',
            logProbabilities: {
              a: -Math.log1p(Math.exp(-odds)),
              b: -Math.log1p(Math.exp(odds)),
              tie: -40,
            },
            orderGap: 0,
            labelMass: 1,
          },
    ),
    reference: made.reference,
    stratum: made.stratum ?? 'all',
  };
}

export function certifyRequest(
  stages: readonly Stage[],
  changes: Partial<CertifyRequest> = {},
): CertifyRequest {
  return {
    scope: {
      team: 'team',
      policy: 'default',
      task: 'preference',
      stratum: 'all',
      reference: stage('large').judge,
    },
    stages,
    target: { agreement: 0.95, confidence: 0.9 },
    seed: 1,
    createdAt: 0,
    ...changes,
  };
}
