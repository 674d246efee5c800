import type { LabelFilter, StoredLabel } from '../../contracts/cache.ts';
import type { Clock } from '../../contracts/clock.ts';
import type { Label } from '../../domain/verdict.ts';
import { fits } from '../label-tags.ts';
import { type Correctness, createCorrectness, CORRECTNESS_BYTES } from './correctness.ts';
import { type Nearest, type Probe, VectorIndex } from './vector-index.ts';

/** A label that similar items may be given, and what is known of how far that goes. */
export interface SimilarLabel {
  readonly label: StoredLabel;
  readonly said: Label;
  readonly correctness: Correctness;
  /** Instant on the monotonic clock. */
  readonly until: number;
}

/**
 * Labels by what their items are like, in this process, apart by scope (team, promise, stratum, rubric,
 * embedder). Bounded in entries per scope and in bytes over all; the scope unused for longest goes first.
 */
export interface SimilarLabels {
  nearest(scope: string, probe: Probe, floor: number): Nearest<SimilarLabel> | null;
  add(scope: string, probe: Probe, entry: NewSimilarLabel): void;
  count(filter: LabelFilter): number;
  /** Forgets them; returns how many there were. */
  drop(filter: LabelFilter): number;
  size(): { readonly entries: number; readonly bytes: number; readonly mostBytes: number };
}

export interface NewSimilarLabel {
  readonly label: StoredLabel;
  readonly said: Label;
  /** Least similarity that its estimate is ever asked about. */
  readonly floor: number;
  /** In milliseconds, > 0. */
  readonly ttlMs: number;
}

export interface SimilarLabelsOptions {
  readonly bytes: number;
  /** Most entries of one scope. */
  readonly entries: number;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** An entry beside its vectors, by estimate (docs/caching.md). */
const ENTRY_BYTES = 3_000 + CORRECTNESS_BYTES;

type Index = VectorIndex<SimilarLabel>;

export function createSimilarLabels({ bytes, entries, clock }: SimilarLabelsOptions): SimilarLabels {
  const scopes = new Map<string, Index>();
  const all = (): SimilarLabel[] => [...scopes.values()].flatMap((index) => index.entries);

  const used = (scope: string, index: Index): Index => {
    scopes.delete(scope);
    scopes.set(scope, index);
    return index;
  };
  const shrink = (): void => {
    let total = bytesOf(scopes.values());
    for (const [scope, index] of scopes) {
      if (total <= bytes || scopes.size === 1) return;
      total -= bytesOf([index]);
      scopes.delete(scope);
    }
  };
  return {
    nearest(scope, probe, floor) {
      const index = scopes.get(scope);
      if (index?.dimensions !== probe.prompt.length) return null;
      const found = used(scope, index).nearest(probe, floor);
      return found === null || found.entry.until <= clock.monotonic() ? null : found;
    },
    add(scope, probe, { label, said, floor, ttlMs }) {
      const dimensions = probe.prompt.length;
      const known = scopes.get(scope);
      const mostRows = Math.max(
        1,
        Math.min(entries, Math.floor(bytes / (12 * dimensions + 8 + ENTRY_BYTES))),
      );
      // An engine whose vectors have another length now has another model: nothing old can be compared.
      const index =
        known?.dimensions === dimensions ? known : new VectorIndex<SimilarLabel>(dimensions, mostRows);
      const until = clock.monotonic() + ttlMs;
      used(scope, index).add(probe, { label, said, until, correctness: createCorrectness(floor) });
      shrink();
    },
    count: (filter) => all().filter(({ label }) => fits(filter)(label.tags)).length,
    drop(filter) {
      const isMeant = fits(filter);
      const before = entriesOf(scopes.values());
      for (const index of scopes.values()) index.keep(({ label }) => !isMeant(label.tags));
      return before - entriesOf(scopes.values());
    },
    size: () => ({ entries: entriesOf(scopes.values()), bytes: bytesOf(scopes.values()), mostBytes: bytes }),
  };
}

function entriesOf(indexes: Iterable<Index>): number {
  let sum = 0;
  for (const { entries } of indexes) sum += entries.length;
  return sum;
}

function bytesOf(indexes: Iterable<Index>): number {
  let sum = 0;
  for (const index of indexes) sum += index.bytes + index.entries.length * ENTRY_BYTES;
  return sum;
}
