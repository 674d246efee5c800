import type { Operations } from '../contracts/admin.ts';
import type { Clock } from '../contracts/clock.ts';
import type { Exposition } from '../contracts/metrics.ts';
import type { TeamAdministration } from '../contracts/team-administration.ts';
import type { Logger } from '../contracts/telemetry.ts';
import type { Exchange } from './exchange.ts';

/** What the admin API does its work with. */
export interface AdminMeans {
  readonly exposition: Exposition;
  readonly operations: Operations;
  /** Null where nothing is kept. */
  readonly teams: TeamAdministration | null;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface AdminRoute {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** For the log. */
  readonly pattern: string;
  readonly path: RegExp;
  /** `names`: what the groups of `path` matched. */
  handle(exchange: Exchange, means: AdminMeans, names: readonly string[]): Promise<void> | void;
}

/** Longest body of an act, in bytes. */
export const ACT_BYTES = 16_384;
