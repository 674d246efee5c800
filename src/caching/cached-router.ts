import { hash } from 'node:crypto';
import type { Leases, LabelStore, SharedLabels } from '../contracts/cache.ts';
import type { Call } from '../contracts/call.ts';
import type { Clock } from '../contracts/clock.ts';
import type { Router, RoutingResult } from '../contracts/routing.ts';
import { abortProblem } from '../domain/errors.ts';
import type { Item } from '../domain/item.ts';
import type { Reuse } from '../domain/verdict.ts';
import { createFlights, type Flights } from './flights.ts';
import { isCutShort, judgeOnce } from './judge-once.ts';
import { createKeptLabels, type KeptLabels, type Place } from './kept-labels.ts';
import { type LabelKey, labelKeyOf } from './label-key.ts';
import type { Recheck } from './recheck.ts';
import { withoutCost } from './stored-result.ts';

/**
 * A router that never asks twice: labels that were bought are given again, equal items under way share one
 * judgment, here and, through Redis, between gateways. It decides only whether a result may be used again,
 * never what the label is. It refuses to keep failures, labels of aborted calls and whatever the policy does
 * not stand by any more.
 */
export interface CachedRouterOptions {
  readonly store: LabelStore;
  /** What other gateways share; null for a gateway that is alone. */
  readonly shared: SharedCache | null;
  /** Time that a label may be given again, in milliseconds, > 0. */
  readonly ttlMs: number;
  readonly policy: string;
  /** The policy's judges and what it promises about their labels, in a stable form. */
  readonly promise: string;
  stratumOf(item: Item): string;
  /** Whether the policy stands by the result now: asked when it is kept and each time it is given. */
  isCurrent(result: RoutingResult, place: Place): boolean;
  /** Told of what the judges said, before it is kept. */
  answered(result: RoutingResult): void;
  /** Told of each verdict that comes from another one's judgment. */
  reused(result: RoutingResult, place: Place, verdictId: string): void;
  /** Null for a policy that takes stored labels as they are. */
  readonly recheck: Recheck | null;
}

export interface SharedCache {
  readonly labels: SharedLabels;
  readonly leases: Leases;
  readonly clock: Clock;
}

/** One item that is asked about. */
export interface Asked {
  readonly item: Item;
  readonly key: LabelKey;
  readonly place: Place;
  readonly call: Call;
  readonly verdictId: string;
}

export function createCachedRouter(router: Router, options: CachedRouterOptions): Router {
  const flights = createFlights();
  const kept = createKeptLabels(options);
  // It goes into every key: shorter is quicker.
  const promise = hash('sha256', options.promise, 'base64url');
  return {
    async route(item, call, verdictId) {
      const { cache: use = 'normal', team } = call;
      if (use === 'bypass') {
        const result = await router.route(item, call, verdictId);
        options.answered(result);
        return result;
      }
      const place: Place = { team, stratum: options.stratumOf(item) };
      const key = labelKeyOf({ ...place, promise }, item);
      const asked: Asked = { item, key, place, call, verdictId };
      const judge = async (own: Call): Promise<Judged> => {
        const result = await router.route(item, own, verdictId);
        // A similar item's label is not this one's: it is asked for each time.
        if (result.reuse !== undefined) return { result, written: null };
        options.answered(result);
        return { result, written: own.signal.aborted ? null : kept.keep(asked, result) };
      };
      if (use === 'refresh') {
        const { result, written } = await judge(call);
        if (written !== null) kept.outdated(asked, written);
        return result;
      }
      const known = kept.find(asked);
      if (known !== undefined) return given(options, asked, known);
      return share(options, asked, { flights, fly: (own) => fly(options, asked, { kept, judge, own }) });
    },
  };
}

interface Judged {
  readonly result: RoutingResult;
  /** Resolves when other gateways can find the label; null when it is not kept. */
  readonly written: Promise<void> | null;
}

interface Flying {
  readonly kept: KeptLabels;
  readonly own: Call;
  judge(call: Call): Promise<Judged>;
}

/** What this gateway does once for all who ask the same: find a label elsewhere, wait for one, or judge. */
async function fly(
  { shared }: CachedRouterOptions,
  asked: Asked,
  { kept, judge, own }: Flying,
): Promise<RoutingResult> {
  if (shared === null) return (await judge(own)).result;
  const there = await kept.findElsewhere(asked);
  if (there !== null) return there;
  const end = await judgeOnce(
    {
      key: asked.key.arranged,
      leases: shared.leases,
      clock: shared.clock,
      look: () => kept.findElsewhere(asked),
      judge: () => judge(own),
    },
    own,
  );
  if (end.type === 'left') return leftResult(own.signal);
  return end.type === 'shared' ? { ...withoutCost(end.result), reuse: 'shared' } : end.result;
}

interface Sharing {
  readonly flights: Flights;
  fly(call: Call): Promise<RoutingResult>;
}

async function share(options: CachedRouterOptions, asked: Asked, sharing: Sharing): Promise<RoutingResult> {
  const { key, place, call, verdictId } = asked;
  let landing = await sharing.flights.join(key.arranged, call, sharing.fly);
  // Another one's time was over, not this one's.
  if (landing.type === 'landed' && !landing.began && isCutShort(landing.result) && !call.signal.aborted) {
    landing = await sharing.flights.join(key.arranged, call, sharing.fly);
  }
  if (landing.type === 'left') return leftResult(call.signal);
  const { result, began, pays } = landing;
  if (result.reuse !== undefined) return given(options, asked, result);
  if (!pays) return given(options, asked, { ...withoutCost(result), reuse: 'shared' });
  if (!began) options.reused(result, place, verdictId);
  return result;
}

/** A result that another one bought. */
function given(
  { reused, recheck }: CachedRouterOptions,
  { key, item, place, call, verdictId }: Asked,
  result: RoutingResult & { readonly reuse?: Reuse },
): RoutingResult {
  reused(result, place, verdictId);
  if (result.reuse !== 'shared') recheck?.given({ key, item, result, verdictId }, call);
  return result;
}

function leftResult(signal: AbortSignal): RoutingResult {
  const problem = abortProblem(signal.reason);
  return { end: { type: 'failed', problem }, trail: [], decisions: [], difficulty: null, inclusion: 1 };
}
