import type { BatchState } from '../domain/batch.ts';
import type { ErrorCode } from '../domain/errors.ts';
import type { Outcome } from '../domain/outcome.ts';

/**
 * OpenAI batches: the lines of a file, each of them one call of this gateway. A batch is a job whose items
 * are lines; shards, leases and commits are those of every job.
 */
export interface Batch {
  readonly id: string;
  readonly team: string;
  readonly endpoint: string;
  readonly inputFileId: string;
  /** As it was asked for, such as `24h`. */
  readonly window: string;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly state: BatchState;
  readonly problems: readonly LineProblem[];
  readonly lines: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly usage: LineUsage;
  readonly outputFileId: string | null;
  readonly errorFileId: string | null;
  /** Instants in milliseconds since 1970 on the database's clock. */
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly beganAt: number | null;
  readonly endedAt: number | null;
  readonly cancellingAt: number | null;
}

/** Why the file of a batch cannot be worked on; `line` is counted from 1, null for the whole. */
export interface LineProblem {
  readonly code: string;
  readonly message: string;
  readonly param: string | null;
  readonly line: number | null;
}

/** Tokens, as the replies told them. */
export interface LineUsage {
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
}

/** One call of a batch. */
export interface LineInput {
  readonly customId: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** Policies that its caller may use, where no batch says so. */
  readonly allowed?: readonly string[] | null;
}

/** How a line ended: `text` is its row in the output file when the outcome is `ok`, else in the error file. */
export interface LineEnd {
  readonly n: number;
  readonly line: { readonly outcome: Outcome; readonly text: string; readonly usage: LineUsage };
}

export type ReadLine =
  | { readonly ok: true; readonly line: number; readonly input: LineInput }
  | { readonly ok: false; readonly problem: LineProblem };

/** Reads the lines of a file for a batch of `endpoint`; lines without content are left out. */
export type LineReader = (content: AsyncIterable<Uint8Array>, endpoint: string) => AsyncIterable<ReadLine>;

/** What a line asks, and for whom. */
export interface LineCall {
  readonly requestId: string;
  readonly team: string;
  readonly allowed: readonly string[] | null;
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface LineReply {
  readonly status: number;
  /** Of the failure; null when there is none. */
  readonly code: ErrorCode | null;
  readonly body: unknown;
}

/** Makes the calls of lines, exactly as if each had come by itself. */
export interface LineRelay {
  /** Paths that can be called. */
  readonly paths: readonly string[];
  /** Never rejects; gives `cancelled` when the signal aborts first. */
  ask(call: LineCall, signal: AbortSignal): Promise<LineReply>;
}

export interface NewBatch {
  readonly id: string;
  readonly team: string;
  readonly allowed: readonly string[] | null;
  readonly endpoint: string;
  readonly inputFileId: string;
  readonly window: string;
  readonly windowSeconds: number;
  readonly metadata: Readonly<Record<string, string>> | null;
}

export interface BatchPage {
  readonly batches: readonly Batch[];
  readonly hasMore: boolean;
}

/** A batch whose file is to be read by whoever has it. */
export interface UnreadBatch {
  readonly id: string;
  readonly team: string;
  readonly endpoint: string;
  readonly inputFileId: string;
}

export interface BatchStore {
  create(batch: NewBatch): Promise<Batch>;
  find(team: string, id: string): Promise<Batch | null>;
  list(team: string, page: { readonly after: string | null; readonly limit: number }): Promise<BatchPage>;
  /** Null when there is none; `done` is false when it has ended. */
  cancel(team: string, id: string): Promise<{ readonly batch: Batch; readonly done: boolean } | null>;
  /** A batch whose file nobody reads, without what a dead reader left; null when there is none. */
  claimUnread(leaseMs: number): Promise<UnreadBatch | null>;
  /** The file is still being read. */
  keepReading(id: string, leaseMs: number): Promise<void>;
  /** The file is read: its lines are worked on from now on. False when the batch was cancelled meanwhile. */
  begin(id: string, lines: number): Promise<boolean>;
  /** The file cannot be worked on. */
  fail(id: string, problems: readonly LineProblem[]): Promise<void>;
  /** Forgets batches whose job is gone, and failed ones after `retentionDays`. */
  sweep(options: { readonly retentionDays: number }): Promise<void>;
}

/** What a caller asks for. */
export type BatchRequest = Omit<NewBatch, 'id'>;

/** Batches as the surface uses them; another team's batch is `not_found`. */
export interface BatchService {
  /** Throws `invalid_request` for a path that is not served, or a file that is none. */
  create(request: BatchRequest): Promise<Batch>;
  find(team: string, id: string): Promise<Batch>;
  list(team: string, page: { readonly after: string | null; readonly limit: number }): Promise<BatchPage>;
  /** Throws `conflict` when it has ended. */
  cancel(team: string, id: string): Promise<Batch>;
}
