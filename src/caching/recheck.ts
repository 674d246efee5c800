import { LRUCache } from 'lru-cache';
import type { LabelFilter, RecheckStats } from '../contracts/cache.ts';
import type { Call } from '../contracts/call.ts';
import type { Random } from '../contracts/clock.ts';
import type { RoutingResult } from '../contracts/routing.ts';
import type { Logger } from '../contracts/telemetry.ts';
import type { Item } from '../domain/item.ts';
import { labelOf } from '../domain/preference.ts';
import type { Label } from '../domain/verdict.ts';
import type { LabelKey } from './label-key.ts';
import { createDisagreementWatch, type DisagreementWatch } from './disagreement-watch.ts';

/**
 * Looks again at a share of the labels that are given again: beyond the reply the item is judged anew. A label
 * that is not confirmed is forgotten; a judge of whose labels too many are not loses all of them. A coin that
 * looks at nothing chooses, and a label that was looked at once is left alone: a repeated item counts once.
 */
export interface Recheck {
  /** A label was given again. Returns at once. */
  given(label: GivenLabel, call: Call): void;
}

export interface GivenLabel {
  readonly key: LabelKey;
  readonly item: Item;
  /** As it was given: for the item's own arrangement. */
  readonly result: RoutingResult;
  /** The verdict that it was given in. */
  readonly verdictId: string;
}

export interface RecheckOptions {
  /** Probability with which a given label is looked at, in [0, 1]. */
  readonly share: number;
  /** Share of labels that may be unconfirmed before their judge's labels go, in (0, 0.25]. */
  readonly tolerated: number;
  /** Time to judge anew, in milliseconds. */
  readonly timeoutMs: number;
  readonly random: Pick<Random, 'uniform'>;
  readonly logger: Logger;
  readonly counts: RecheckCounts;
  /** Runs work that nobody waits for; false when there is no room. */
  later(work: BackgroundWork): boolean;
  /** Judges the item without any stored label; null when no label came of it. Must not throw. */
  judge(given: GivenLabel, call: Call): Promise<Label | null>;
  /** A similar item's label was looked at: its entry learns of it, and no judge is blamed. */
  similar(given: GivenLabel, isCorrect: boolean): void;
  forget(key: LabelKey): void;
  forgetAll(filter: LabelFilter): void;
}

export interface BackgroundWork {
  readonly requestId: string;
  readonly team: string;
  readonly timeoutMs: number;
  work(call: Call): Promise<void>;
}

export type RecheckCounts = { -readonly [Name in keyof RecheckStats]: RecheckStats[Name] };

export function newRecheckCounts(): RecheckCounts {
  return { checked: 0, disagreed: 0, undecided: 0, judgesDropped: 0 };
}

/** Keys that are remembered as looked at. */
const REMEMBERED = 50_000;
const MOST_JUDGES = 256;

export function createRecheck(options: RecheckOptions): Recheck {
  const { counts } = options;
  const seen = new LRUCache<string, true>({ max: REMEMBERED });
  const watches = new LRUCache<string, DisagreementWatch>({ max: MOST_JUDGES });

  const watchOf = (judge: string): DisagreementWatch => {
    const known = watches.get(judge) ?? createDisagreementWatch(options.tolerated);
    watches.set(judge, known);
    return known;
  };
  const compare = async (given: GivenLabel, label: Label, judge: string, call: Call): Promise<void> => {
    const now = await options.judge(given, call);
    if (now === null) {
      counts.undecided += 1;
      return;
    }
    counts.checked += 1;
    const disagreed = now !== label;
    if (disagreed) counts.disagreed += 1;
    if (given.result.reuse === 'semantic') {
      options.similar(given, !disagreed);
      return;
    }
    if (disagreed) options.forget(given.key);
    if (!watchOf(judge).saw(disagreed)) return;
    counts.judgesDropped += 1;
    options.logger.warn(
      { judge },
      'too many stored labels are not confirmed: those of the judge are dropped',
    );
    options.forgetAll({ judge });
  };

  return {
    given(given, { requestId, team }) {
      const { end } = given.result;
      if (end.type !== 'accepted' || options.random.uniform() >= options.share) return;
      const label = labelOf(end.judgment.probabilities);
      if (label === null || seen.has(given.key.pair)) return;
      const work = (call: Call): Promise<void> => compare(given, label, end.judgment.key.id, call);
      if (options.later({ requestId, team, timeoutMs: options.timeoutMs, work }))
        seen.set(given.key.pair, true);
      else counts.undecided += 1;
    },
  };
}
