import type { TrailEntry, Verdict } from '../domain/verdict.ts';

/** A verdict as it is kept: with whose it is and what it was about. */
export interface VerdictRecord {
  readonly verdict: Verdict;
  readonly team: string;
  readonly policy: string;
  readonly requestId: string;
  /** SHA-256 of prompt, candidates, rubric and wishes, in hexadecimal; null for an item that could not be read. */
  readonly inputHash: string | null;
  /** The durable job that it belongs to; null for synchronous traffic. */
  readonly jobId: string | null;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/**
 * Why judges were asked: `serve` for the reply, `shadow` small judges beyond it, to learn about them,
 * `audit` the last tier beyond it, to watch what small ones decided. All of them are paid; only the first is in a verdict's cost.
 */
export type CallPurpose = 'serve' | 'shadow' | 'audit';

/** Calls that were made about a verdict beyond its reply. */
export interface ExtraCalls {
  readonly verdictId: string;
  readonly team: string;
  readonly policy: string;
  readonly purpose: Exclude<CallPurpose, 'serve'>;
  /** Entries of the verdict's own trail: these are counted on from there. */
  readonly after: number;
  readonly entries: readonly TrailEntry[];
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** A verdict found again, with the calls beyond its reply. */
export interface FoundVerdict extends VerdictRecord {
  readonly extra: readonly { readonly purpose: ExtraCalls['purpose']; readonly entry: TrailEntry }[];
}

/**
 * Keeps verdicts and calls, written behind the reply in batches. Nothing is dropped silently: while the database
 * is away it holds what comes, up to a bound, and then makes callers wait.
 */
export interface Journal {
  /**
   * Resolves when there is room for more. Rejects with `storage_unavailable` when there is none until `signal`
   * aborts. To be awaited before money is spent.
   */
  room(signal: AbortSignal): Promise<void>;
  /** Takes them in. The promise resolves when they are committed; it rejects only for a record that the database refuses. */
  record(records: readonly VerdictRecord[]): Promise<void>;
  recordExtra(calls: ExtraCalls): void;
  /** The team's verdict, written or not; null when there is none. Throws `storage_unavailable`. */
  find(team: string, verdictId: string): Promise<FoundVerdict | null>;
  health(): JournalHealth;
}

export interface JournalHealth {
  /** False while the last attempt to write failed. */
  readonly isWriting: boolean;
  /** Records that wait, and the bytes they take of `mostBytes`. */
  readonly waiting: number;
  readonly bytes: number;
  readonly mostBytes: number;
  /** Since the start: committed, and refused by the database (each of them is in the log). */
  readonly written: number;
  readonly refused: number;
}
