import type { Cost } from '../domain/cost.ts';
import type { ErrorCode } from '../domain/errors.ts';
import type { TrailEntry, Verdict } from '../domain/verdict.ts';
import type { QuestionKind } from './resilience.ts';

/**
 * Those who are told what the gateway did, in its own words; `telemetry` makes figures of it. Telling costs
 * microseconds and never fails. Rooms work without: every observer is optional where it is handed in.
 */

/** Told of each verdict once it is known. */
export interface VerdictObserver {
  given(verdict: Verdict, about: VerdictPlace): void;
}

export interface VerdictPlace {
  readonly team: string;
  readonly policy: string;
  /** From the item to its verdict, in milliseconds. */
  readonly ms: number;
}

/** Told of what was asked beyond a reply. */
export interface AuditObserver {
  audited(audit: AuditReport): void;
}

export interface AuditReport {
  readonly team: string;
  readonly policy: string;
  /** Calls of small judges in the shadow of the reply. */
  readonly shadow: readonly TrailEntry[];
  /** Calls of the reference behind a label that was released without it. */
  readonly audit: readonly TrailEntry[];
  /** Whether the reference says what a certificate released; null when none did, or it could not be told. */
  readonly result: 'agreed' | 'disagreed' | null;
}

/** Told of one engine's calls. */
export interface EngineObserver {
  /** An attempt on a replica is over. */
  ended(attempt: EndedAttempt): void;
  /** A question took more than one attempt: `retries` because one failed, `hedges` because one was late. */
  asked(attempts: { readonly retries: number; readonly hedges: number }): void;
}

export interface EndedAttempt {
  readonly question: QuestionKind;
  readonly code: ErrorCode | 'ok';
  readonly ms: number;
  /** Null when no token came. */
  readonly firstTokenMs: number | null;
  readonly cost: Cost;
}

/** Told of requests of the public API. */
export interface RequestObserver {
  began(): void;
  answered(request: AnsweredRequest): void;
}

export interface AnsweredRequest {
  /** Pattern, never the path as it was sent. */
  readonly route: string;
  /** 499 when the client left first. */
  readonly status: number;
  readonly ms: number;
  /** Part of `ms` in which at least one engine call of the request was out. */
  readonly engineMs: number;
  /** Part of it in which the request waited for its turn at an engine. */
  readonly queuedMs: number;
}
