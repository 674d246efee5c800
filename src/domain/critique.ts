import type { Cost } from './cost.ts';
import type { JudgeKey } from './judge-key.ts';
import type { Flag } from './verdict.ts';

/** One round of a critique: what was found by one principle, and the response after it. */
export interface CritiqueStep {
  readonly principle: string;
  /** The response that was looked at. */
  readonly response: string;
  readonly critique: string;
  /** Parts of the response that the critique quotes; each occurs in it. Null where none was asked for. */
  readonly evidence: readonly EvidenceSpan[] | null;
  /** The response after revising; null when none was asked for. */
  readonly revision: string | null;
  /** What the model thought before it wrote, cut at a bound; null when it told nothing of the kind. */
  readonly reasoning: string | null;
  readonly cost: Cost;
}

/** A passage of the response, by its UTF-16 offsets: `response.slice(start, end) === text`. */
export interface EvidenceSpan {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** One judge's whole chain for one response. */
export interface CritiqueJudgment {
  readonly key: JudgeKey;
  readonly steps: readonly CritiqueStep[];
  /** P(the last revision is better than the first response) by another judge; null when nobody compared. */
  readonly improvement: number | null;
  readonly flags: readonly Flag[];
}
