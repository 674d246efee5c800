import type { CanaryQuality } from '../../contracts/canaries.ts';
import type { Label } from '../../domain/verdict.ts';
import { binomialLowerBound, binomialUpperBound } from '../../statistics/binomial.ts';

/** What became of the canaries of one policy. */
export interface CanaryRecord {
  /** Counts a canary; null for one that came to no label. */
  take(label: Label | null, gold: Label): CanaryAnswer;
  quality(): CanaryQuality;
}

export interface CanaryAnswer {
  readonly result: 'agreed' | 'disagreed' | null;
  /** Why the agreement is surely below the target; null while it need not be. */
  readonly alarm: string | null;
}

export interface CanaryRecordOptions extends Pick<CanaryQuality, 'share' | 'items' | 'since'> {
  /** Agreement that the policy promises, in (0, 1); null for a policy without a target. */
  readonly target: number | null;
}

/** Each tail of the interval that is shown. */
const TAIL = 0.025;
/** False alarms of one record, over all its looks. */
const RISK = 0.05;
const FIRST_LOOK = 16;

/**
 * Whoever compares a growing record with a target after each answer finds a bad moment sooner or later. So it is
 * compared at 16, 32, 64, … labels, and look j spends RISK / 2^j: over all looks together at most RISK.
 */
export function createCanaryRecord({ target, ...about }: CanaryRecordOptions): CanaryRecord {
  let [asked, judged, agreed, looks] = [0, 0, 0, 0];
  const look = (): string | null => {
    if (target === null || judged < FIRST_LOOK * 2 ** looks) return null;
    looks += 1;
    const high = binomialUpperBound(agreed, judged, RISK / 2 ** looks);
    if (high >= target) return null;
    return `${agreed} of ${judged} canaries have their gold label: at most ${high.toFixed(3)}, below ${target}`;
  };
  return {
    take(label, gold) {
      asked += 1;
      if (label === null) return { result: null, alarm: null };
      judged += 1;
      const isRight = label === gold;
      if (isRight) agreed += 1;
      return { result: isRight ? 'agreed' : 'disagreed', alarm: look() };
    },
    quality: () => ({ ...about, asked, judged, agreed, agreement: agreementOf(agreed, judged) }),
  };
}

function agreementOf(agreed: number, judged: number): CanaryQuality['agreement'] {
  if (judged === 0) return null;
  return {
    value: agreed / judged,
    low: binomialLowerBound(agreed, judged, TAIL),
    high: binomialUpperBound(agreed, judged, TAIL),
  };
}
