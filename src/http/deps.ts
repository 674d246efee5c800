import type { BackgroundService } from '../contracts/background.ts';
import type { BatchService } from '../contracts/batches.ts';
import type { BudgetGate } from '../contracts/budgets.ts';
import type { CallStarter } from '../contracts/call.ts';
import type { Clock, Random } from '../contracts/clock.ts';
import type { Engine } from '../contracts/engine.ts';
import type { FeedbackService, PolicyInfo } from '../contracts/feedback.ts';
import type { FileStore } from '../contracts/files.ts';
import type { ItemGate } from '../contracts/item-gate.ts';
import type { JobService } from '../contracts/jobs.ts';
import type { OutcomeLog } from '../contracts/outcomes.ts';
import type { QualityBook } from '../contracts/quality.ts';
import type { RequestObserver } from '../contracts/observers.ts';
import type { JobSampling, LineSampler } from '../contracts/sampling.ts';
import type { LoggedRequests } from './access-log.ts';
import type { LedgerReader } from './ledger.ts';
import type { Logger } from '../contracts/telemetry.ts';
import type { Tracing } from '../contracts/tracing.ts';
import type { Authenticator } from '../contracts/authenticator.ts';
import type { Constitution } from '../domain/constitution.ts';
import type { Rubric } from '../domain/rubric.ts';

/**
 * All that the gateway's surface stands on. A reload of the configuration puts another object in its place;
 * a request goes on to its end with the one that it began with.
 */
export interface GatewayDeps {
  readonly authenticator: Authenticator;
  readonly feedback: FeedbackService;
  /** The same for trainers: holds what may pass until it is judged, or the deadline comes. */
  readonly held: FeedbackService;
  readonly outcomes: OutcomeLog;
  readonly quality: QualityBook;
  readonly budgets: Pick<BudgetGate, 'request' | 'states'>;
  readonly items: Pick<ItemGate, 'admit' | 'enter'>;
  /** Draws the items of one job. */
  readonly sampler: (sampling: JobSampling) => LineSampler;
  /** Null where nothing is kept. */
  readonly jobs: JobService | null;
  /** Null where nothing is kept. */
  readonly stored: StoredBatches | null;
  /** Responses in the background. Null where nothing is kept. */
  readonly background: BackgroundService | null;
  /** Null where nothing is kept. */
  readonly ledger: LedgerReader | null;
  /** The first one serves requests that name none. */
  readonly policies: readonly PolicyInfo[];
  readonly engines: ReadonlyMap<string, Engine>;
  /** By `name@version`. */
  readonly rubrics: ReadonlyMap<string, Rubric>;
  /** By `name@version`, and the newest by its name alone. */
  readonly constitutions: ReadonlyMap<string, Constitution>;
  readonly calls: CallStarter;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly requests?: RequestObserver | undefined;
  readonly tracing?: Tracing | undefined;
  /** Which requests get a line in the log. */
  readonly logged: LoggedRequests;
  readonly limits: BodyLimits;
  /** Silence on an event stream after which a comment is sent, in milliseconds. */
  readonly heartbeatMs: number;
  /** Time that requests in flight get to finish at shutdown, in milliseconds. */
  readonly drainMs: number;
  /** Milliseconds for which a stopping gateway still serves, not ready, so that balancers look away first. */
  readonly lookAwayMs: number;
  /** Of this program, for the API description. */
  readonly version: string;
}

/** OpenAI files and batches. */
export interface StoredBatches {
  readonly files: FileStore;
  readonly batches: BatchService;
}

interface BodyLimits {
  readonly bodyBytes: number;
  readonly maxItems: number;
  /** Of the body of a job that comes as lines, and of a file. */
  readonly jobBytes: number;
  /** Longest life of a file. */
  readonly retentionDays: number;
}
