import type { Clock, Random } from '../contracts/clock.ts';
import type { ItemEnd, JobPulse, JobWorkStore, Lease } from '../contracts/job-store.ts';
import type { Logger } from '../contracts/telemetry.ts';
import { pause } from './pause.ts';
import { COMMIT_ITEMS, COMMIT_MS, LEASE_MS } from './settings.ts';

export interface CheckpointOptions {
  readonly store: Pick<JobWorkStore, 'commit'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly lease: Lease;
  readonly onPulse: (pulse: JobPulse) => void;
  /** The lease is lost: nothing that was not committed will be. */
  readonly onFenced: () => void;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

/**
 * Commits the ends of a shard's items in small batches, one at a time. When the database is away it keeps what
 * is there, a shard at most, and tries on: if the lease is lost meanwhile, the commit will say so.
 */
export class Checkpoint {
  readonly #options: CheckpointOptions;
  #pending: ItemEnd[] = [];
  #stopTimer: (() => void) | null = null;
  #committing: Promise<void> = Promise.resolve();
  #isFenced = false;

  constructor(options: CheckpointOptions) {
    this.#options = options;
  }

  add(end: ItemEnd): void {
    this.#pending.push(end);
    if (this.#pending.length >= COMMIT_ITEMS) void this.flush();
    else this.#stopTimer ??= this.#options.clock.after(COMMIT_MS, () => void this.flush());
  }

  /** Resolves when all that was added before is committed, or the lease is lost. Never rejects. */
  flush(): Promise<void> {
    this.#stopTimer?.();
    this.#stopTimer = null;
    this.#committing = this.#committing.then(() => this.#commitAll());
    return this.#committing;
  }

  async #commitAll(): Promise<void> {
    const ends = this.#pending;
    if (ends.length === 0 || this.#isFenced) return;
    this.#pending = [];
    const { store, random, lease, onPulse, onFenced } = this.#options;
    const options = { leaseMs: LEASE_MS, messageId: random.id('msg_') };
    const commit = await this.#persist(() => store.commit(lease, ends, options));
    if (commit.type === 'committed') {
      onPulse(commit.pulse);
      return;
    }
    this.#isFenced = true;
    onFenced();
  }

  async #persist<T>(work: () => Promise<T>): Promise<T> {
    const { clock, logger, lease } = this.#options;
    for (let waitMs = FIRST_PAUSE_MS; ; waitMs = Math.min(LONGEST_PAUSE_MS, 2 * waitMs)) {
      try {
        return await work();
      } catch (err) {
        logger.warn(
          { err, job: lease.jobId, shard: lease.shard },
          'labels of a job could not be committed yet',
        );
        await pause(clock, waitMs, new AbortController().signal);
      }
    }
  }
}
