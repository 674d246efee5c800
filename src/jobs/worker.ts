import type { LineRelay } from '../contracts/batches.ts';
import type { CallStarter } from '../contracts/call.ts';
import type { Clock, Random } from '../contracts/clock.ts';
import type { FeedbackService } from '../contracts/feedback.ts';
import type { JobWorkStore } from '../contracts/job-store.ts';
import type { Logger } from '../contracts/telemetry.ts';
import { pause } from './pause.ts';
import { HEARTBEAT_MS, type JobSettings, LEASE_MS, POLL_MS, RECEIVING_MS, SWEEP_MS } from './settings.ts';
import { ShardRun } from './shard-run.ts';
import { Slots } from './slots.ts';

/** Works on jobs, of whatever team, as long as there is something to do. */
export interface JobWorker {
  /** Resolves when bodies may come in. Never rejects. */
  start(): Promise<void>;
  /** There may be something to do. */
  wake(): void;
  /** Somebody gave a command: looks at once how the jobs under way stand. Never rejects. */
  refresh(): Promise<void>;
  /** Lets items under way end for `drainMs`, commits them and gives the shards back. */
  stop(): Promise<void>;
}

export interface JobWorkerOptions {
  readonly store: JobWorkStore;
  readonly settings: JobSettings;
  readonly feedback: () => FeedbackService;
  /** Makes the calls of batches, as the configuration is now. */
  readonly relay: () => LineRelay;
  readonly calls: CallStarter;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** True when no other process can be using the store: leases of a dead one are taken back at once. */
  readonly isAlone: boolean;
}

/** Shards at once; more than one or two only while items wait for engines or for money. */
const MOST_RUNS = 16;
/** Pause after the database could not be asked. */
const AWAY_MS = 3_000;

export function createJobWorker(options: JobWorkerOptions): JobWorker {
  return new Worker(options);
}

class Worker implements JobWorker {
  readonly #options: JobWorkerOptions;
  readonly #slots: Slots;
  readonly #runs = new Map<ShardRun, Promise<void>>();
  /** Claim nothing more. */
  readonly #stopping = new AbortController();
  /** No shard is left: nothing needs a heartbeat. */
  readonly #stopped = new AbortController();
  #nap = new AbortController();
  #working: Promise<void> = Promise.resolve();
  #loops: Promise<unknown> = Promise.resolve();

  constructor(options: JobWorkerOptions) {
    this.#options = options;
    this.#slots = new Slots(options.settings.concurrency, () => this.wake());
  }

  async start(): Promise<void> {
    const { store, isAlone, settings } = this.#options;
    const { retentionDays } = settings;
    const sweep = (): Promise<void> => store.sweep({ receivingMs: RECEIVING_MS, retentionDays });
    if (isAlone) await this.#attempt(() => store.releaseAll());
    this.#working = this.#work();
    this.#loops = Promise.all([
      this.#repeat(HEARTBEAT_MS, () => this.#renew()),
      this.#repeat(SWEEP_MS, sweep),
    ]);
  }

  wake(): void {
    // Called at every item that ends: an abort makes an error object even when there was one before.
    if (!this.#nap.signal.aborted) this.#nap.abort();
  }

  async refresh(): Promise<void> {
    await this.#attempt(() => this.#renew());
    this.wake();
  }

  async stop(): Promise<void> {
    const { clock, settings } = this.#options;
    this.#stopping.abort();
    this.wake();
    for (const run of this.#runs.keys()) run.stop();
    const cancel = clock.after(settings.drainMs, () => {
      for (const run of this.#runs.keys()) run.drop();
    });
    await this.#working;
    await Promise.all(this.#runs.values());
    cancel();
    this.#stopped.abort();
    await this.#loops;
  }

  async #work(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      // Made before the look, so that a call to wake during the look is not lost.
      this.#nap = new AbortController();
      const nap = this.#nap.signal;
      const hasRoom = this.#slots.free > 0 && this.#runs.size < MOST_RUNS;
      const found = hasRoom ? await this.#attempt(() => this.#claim()) : false;
      if (found !== true) await pause(this.#options.clock, found === null ? AWAY_MS : POLL_MS, nap);
    }
  }

  /** False when there is nothing to do. */
  async #claim(): Promise<boolean> {
    const { store, random, settings } = this.#options;
    const token = random.id('lse_');
    const claimed = await store.claim({ token, leaseMs: LEASE_MS });
    if (claimed === null) return false;
    const tools = { ...this.#options, slots: this.#slots, itemTimeoutMs: settings.itemTimeoutMs };
    const run = new ShardRun(claimed, tools);
    const ended = run.run().finally(() => {
      this.#runs.delete(run);
      this.wake();
    });
    this.#runs.set(run, ended);
    if (this.#stopping.signal.aborted) run.stop();
    return true;
  }

  async #renew(): Promise<void> {
    const runs = [...this.#runs.keys()];
    if (runs.length === 0) return;
    const tokens = runs.map(({ token }) => token);
    const pulses = await this.#options.store.renew(tokens, LEASE_MS);
    for (const run of runs) {
      const pulse = pulses.get(run.token);
      if (pulse !== undefined) run.hear(pulse);
      // A run that just ended has given its lease back: that is no loss.
      else if (this.#runs.has(run)) run.drop();
    }
  }

  async #repeat(everyMs: number, work: () => Promise<void>): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      await pause(this.#options.clock, everyMs, signal);
      if (!signal.aborted) await this.#attempt(work);
    }
  }

  /** Null when the database could not be asked. */
  async #attempt<T>(work: () => Promise<T>): Promise<T | null> {
    try {
      return await work();
    } catch (err) {
      this.#options.logger.warn({ err }, 'the job store could not be asked');
      return null;
    }
  }
}
