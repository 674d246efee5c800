import type { JudgedVerdict, LaneScope, RememberedVerdict } from '../contracts/evidence.ts';
import type { GoldLabel, GoldReceipt, OutcomeLog } from '../contracts/outcomes.ts';
import type { LaneQuality } from '../contracts/quality.ts';
import type { Label } from '../domain/verdict.ts';
import { estimateAgreement } from './drift/agreement-estimate.ts';

/**
 * Remembers the newest verdicts, so that gold labels that come later find them, and estimates from both how
 * often released labels are what people say.
 */
export interface OutcomeBook extends OutcomeLog {
  remember(verdict: RememberedVerdict): void;
  /** Of the released labels of one lane; null while there are too few gold labels. */
  agreement(team: string, policy: string, stratum: string): LaneQuality['goldAgreement'];
}

/** Verdicts that gold labels can still find; the oldest are forgotten first. */
const REMEMBERED = 50_000;

interface Entry extends RememberedVerdict {
  gold: Label | null;
}

export interface OutcomeBookOptions {
  /** Told of each gold label whose verdict is known, so that certificates against people can use it. */
  readonly learn?: (lane: LaneScope, gold: GoldLabel) => void;
  readonly remembered?: number;
  /** Verdicts of an earlier life, the oldest first. */
  readonly restored?: readonly JudgedVerdict[];
  /** Told of every verdict, and again when its gold label comes. */
  readonly keep?: (verdict: JudgedVerdict) => void;
}

export function createOutcomeBook({
  learn = () => undefined,
  remembered = REMEMBERED,
  restored = [],
  keep = () => undefined,
}: OutcomeBookOptions = {}): OutcomeBook {
  const entries = new Map<string, Entry>(restored.map((verdict) => [verdict.id, { ...verdict }]));
  const record = (team: string, gold: GoldLabel): GoldReceipt => {
    const { verdictId, label } = gold;
    const entry = entries.get(verdictId);
    if (entry === undefined || entry.lane.team !== team) return 'unknown_verdict';
    const receipt = entry.gold === null ? 'recorded' : 'replaced';
    entry.gold = label;
    keep(entry);
    learn(entry.lane, gold);
    return receipt;
  };
  return {
    remember(verdict) {
      const entry = { ...verdict, gold: null };
      entries.set(verdict.id, entry);
      keep(entry);
      if (entries.size <= remembered) return;
      for (const oldest of entries.keys()) {
        entries.delete(oldest);
        break;
      }
    },
    record: (team, labels) => labels.map((label) => record(team, label)),
    agreement(team, policy, stratum) {
      const released = [...entries.values()].filter(
        ({ lane, label }) =>
          label !== null && lane.team === team && lane.policy === policy && lane.stratum === stratum,
      );
      const estimate = estimateAgreement(
        released.map(({ label, confidence, gold }) => ({
          proxy: confidence ?? 0.5,
          agrees: gold === null ? null : gold === label,
        })),
        0.9,
      );
      if (!estimate.known) return null;
      const { estimate: value, low, high, gold } = estimate;
      return { value, low, high, labels: gold };
    },
  };
}
