import type { Clock } from '../../contracts/clock.ts';
import type { EvidenceArchive, LaneKeeper, LaneScope } from '../../contracts/evidence.ts';
import type { Logger } from '../../contracts/telemetry.ts';
import type { Store } from '../store.ts';
import { WriteQueue } from '../write-queue.ts';
import { loadEvidence, recentWithdrawals } from './load.ts';
import {
  certificateEntry,
  type EvidenceEntry,
  eventEntry,
  laneEntry,
  laneKey,
  observationEntry,
  verdictEntry,
} from './rows.ts';
import { writeEvidence } from './write.ts';

/**
 * Keeps what lanes learn for the next start, written behind. Gateways on one database share it like this: each works
 * with its own lanes, and at its start takes up what all of them observed and what the last writer knew of the lane;
 * a withdrawal reaches the others within seconds.
 */
export interface Archive extends EvidenceArchive {
  close(ms: number): Promise<void>;
}

export interface ArchiveOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Tells this gateway from others. */
  readonly gateway: string;
}

/** Evidence that may wait while the database is away, in bytes; what comes beyond is not kept, and counted. */
const MOST_BYTES = 33_554_432;
/** Time in which a lane's memory is written after it changed, in milliseconds. */
const MEMORY_MS = 1_000;
/** Time between looks for withdrawals of others, in milliseconds. */
const WATCH_MS = 2_000;

export async function openArchive(options: ArchiveOptions): Promise<Archive> {
  const { lanes, verdicts } = await loadEvidence(options.store);
  // In their order, which is all that places tell.
  const places = new Map(lanes.map(({ basis, scope }, place) => [laneKey(basis, scope), place]));
  const writer = new Writer(options, places);
  return {
    lanes: (policy, basis) => lanes.filter((lane) => lane.scope.policy === policy && lane.basis === basis),
    verdicts: () => verdicts,
    keeperOf: (basis) => writer.keeperOf(basis),
    keepVerdict: (verdict) => writer.add(verdictEntry(verdict, writer.settled)),
    keepEvent: (event) => writer.addEvent(event),
    watch: (listener) => writer.watch(listener),
    close: (ms) => writer.close(ms),
  };
}

class Writer {
  readonly #options: ArchiveOptions;
  readonly #queue: WriteQueue<EvidenceEntry>;
  /** Of every lane, in the order in which they appeared. */
  readonly #places: Map<string, number>;
  /** Lanes whose memory is to be written. */
  readonly #dirty = new Map<string, () => EvidenceEntry>();
  #cancelMemory: (() => void) | null = null;
  #cancelWatch: () => void = () => undefined;
  #seen = new Set<number>();
  /** An event now is the echo of another gateway's. */
  #isEchoing = false;
  #events = 0;
  #lost = 0;
  #isClosed = false;

  constructor(options: ArchiveOptions, places: Map<string, number>) {
    this.#places = places;
    const { store, clock, logger } = options;
    this.#options = options;
    this.#queue = new WriteQueue({
      clock,
      mostBytes: MOST_BYTES,
      write: (batch) => store.transaction((transaction) => writeEvidence(transaction, batch)),
      changed(problem) {
        if (problem === null) logger.info({}, 'evidence is written again');
        else logger.error({ err: problem }, 'evidence is not written: it waits');
      },
    });
  }

  readonly settled = (error?: unknown): void => {
    if (error === undefined) return;
    this.#options.logger.error({ err: error }, 'the database refused a piece of evidence');
  };

  add(entry: EvidenceEntry): void {
    if (this.#isClosed) return;
    if (this.#queue.bytes < MOST_BYTES) {
      this.#queue.add(entry);
      return;
    }
    this.#lost += 1;
    if (this.#lost === 1)
      this.#options.logger.error({}, 'evidence is lost: the database has been away for too long');
  }

  addEvent(event: Parameters<EvidenceArchive['keepEvent']>[0]): void {
    const { gateway } = this.#options;
    this.#events += 1;
    this.add(eventEntry(event, { gateway, isEcho: this.#isEchoing, number: this.#events }, this.settled));
    // The event comes before the change that it tells of.
    this.#writeMemories(0);
  }

  keeperOf(basis: string): LaneKeeper {
    return {
      observed: (kept) => this.add(observationEntry(basis, kept, this.settled)),
      installed: (scope, certificate) => this.add(certificateEntry(scope, certificate, this.settled)),
      changed: (scope, memory) => {
        const key = laneKey(basis, scope);
        const place = this.#places.get(key) ?? this.#places.size;
        this.#places.set(key, place);
        this.#dirty.set(key, () => laneEntry({ basis, scope, place }, memory(), this.settled));
        if (this.#cancelMemory === null) this.#writeMemories(MEMORY_MS);
      },
    };
  }

  watch(listener: (lane: LaneScope, detail: string) => void): void {
    // Nobody else has the embedded database.
    if (this.#options.store.isEmbedded) return;
    this.#cancelWatch = this.#options.clock.after(WATCH_MS, () => {
      void this.#lookAround(listener).finally(() => {
        if (!this.#isClosed) this.watch(listener);
      });
    });
  }

  async close(ms: number): Promise<void> {
    this.#cancelWatch();
    this.#cancelMemory?.();
    this.#flushMemories();
    this.#isClosed = true;
    const lost = this.#lost + (await this.#queue.close(ms));
    if (lost > 0)
      this.#options.logger.error({ lost }, 'closing with evidence that the database did not take');
  }

  async #lookAround(listener: (lane: LaneScope, detail: string) => void): Promise<void> {
    try {
      const found = await recentWithdrawals(this.#options.store, this.#options.gateway);
      const fresh = found.filter(({ id }) => !this.#seen.has(id));
      this.#seen = new Set(found.map(({ id }) => id));
      this.#isEchoing = true;
      for (const { policy, team, stratum, detail } of fresh) listener({ policy, team, stratum }, detail);
    } catch (error) {
      this.#options.logger.warn({ err: error }, 'withdrawals of other gateways could not be asked for');
    } finally {
      this.#isEchoing = false;
    }
  }

  #writeMemories(ms: number): void {
    this.#cancelMemory?.();
    this.#cancelMemory = this.#options.clock.after(ms, () => this.#flushMemories());
  }

  #flushMemories(): void {
    this.#cancelMemory = null;
    for (const entry of this.#dirty.values()) this.add(entry());
    this.#dirty.clear();
  }
}
