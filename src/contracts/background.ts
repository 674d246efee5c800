import type { LineReply } from './batches.ts';

/**
 * Responses in the background: one call of `/v1/responses` that nobody waits for. Each is a job of one line, so
 * it has the promise of every job: once it was answered for, it ends exactly once, whatever process dies.
 */
export interface BackgroundResponse {
  readonly id: string;
  readonly state: BackgroundState;
  /** The call, without what made it one in the background. */
  readonly body: Readonly<Record<string, unknown>>;
  /** The answer of the call; null while there is none, and for one that was not asked. */
  readonly reply: Pick<LineReply, 'status' | 'body'> | null;
  /** Milliseconds since 1970 on the database's clock. */
  readonly createdAt: number;
}

/** `ended` has a reply, whatever it says; the two after it have none. */
export type BackgroundState = 'queued' | 'running' | 'ended' | 'cancelled' | 'expired';

export interface NewBackgroundResponse {
  readonly id: string;
  readonly team: string;
  /** Policies that the caller may use; null for all. */
  readonly allowed: readonly string[] | null;
  readonly body: Readonly<Record<string, unknown>>;
  /** From now until it expires. */
  readonly deadlineSeconds: number;
}

export interface BackgroundStore {
  create(response: NewBackgroundResponse): Promise<BackgroundResponse>;
  find(team: string, id: string): Promise<BackgroundResponse | null>;
  /** Null when there is none. One that has ended stays as it is. */
  cancel(team: string, id: string): Promise<BackgroundResponse | null>;
  /** False when there is none. */
  remove(team: string, id: string): Promise<boolean>;
}

/** As the surface uses them; another team's response is `not_found`. */
export interface BackgroundService {
  /** Resolves when it is committed. */
  create(request: Omit<NewBackgroundResponse, 'id' | 'deadlineSeconds'>): Promise<BackgroundResponse>;
  find(team: string, id: string): Promise<BackgroundResponse>;
  /** The response as it is now, and again at each change of its state, until it has ended or `signal` aborts. */
  watch(team: string, id: string, signal: AbortSignal): AsyncIterable<BackgroundResponse>;
  cancel(team: string, id: string): Promise<BackgroundResponse>;
  remove(team: string, id: string): Promise<void>;
}
