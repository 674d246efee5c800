import type { LabelStore } from '../contracts/cache.ts';
import type { Call } from '../contracts/call.ts';
import type { Router, RoutingResult } from '../contracts/routing.ts';
import { abortProblem } from '../domain/errors.ts';
import type { Item } from '../domain/item.ts';
import type { Reuse } from '../domain/verdict.ts';
import { createFlights, type Flights } from './flights.ts';
import { type LabelKey, labelKeyOf, type LabelScope } from './label-key.ts';
import { flipped, isLasting, isOrderFree, withoutCost } from './stored-result.ts';

/**
 * A router that never asks twice: labels that were bought are given again, equal items under way share one
 * judgment. It decides only whether a result may be used again, never what the label is. It refuses to keep
 * failures, labels of aborted calls and whatever the policy does not stand by any more.
 */
export interface CachedRouterOptions {
  readonly store: LabelStore;
  /** Time that a label may be given again, in milliseconds, > 0. */
  readonly ttlMs: number;
  /** The policy's judges and what it promises about their labels, in a stable form. */
  readonly promise: string;
  stratumOf(item: Item): string;
  /** Whether the policy stands by the result now: asked when it is kept and each time it is given. */
  isCurrent(result: RoutingResult, place: Place): boolean;
  /** Told of each verdict that comes from another one's judgment. */
  reused(result: RoutingResult, place: Place, verdictId: string): void;
}

/** Whose label it is, and of which kind of items. */
type Place = Pick<LabelScope, 'team' | 'stratum'>;

/** One item that is asked about. */
interface Asked {
  readonly key: LabelKey;
  readonly place: Place;
  readonly call: Call;
  readonly verdictId: string;
}

export function createCachedRouter(router: Router, options: CachedRouterOptions): Router {
  const flights = createFlights();
  const { promise } = options;
  return {
    async route(item, call, verdictId) {
      const { cache: use = 'normal', team } = call;
      if (use === 'bypass') return router.route(item, call, verdictId);
      const place: Place = { team, stratum: options.stratumOf(item) };
      const key = labelKeyOf({ ...place, promise }, item);
      const asked: Asked = { key, place, call, verdictId };
      const judge = async (own: Call): Promise<RoutingResult> => {
        const result = await router.route(item, own, verdictId);
        if (!own.signal.aborted) keep(options, asked, result);
        return result;
      };
      if (use === 'refresh') return judge(call);
      return find(options, asked) ?? (await share(options, asked, { flights, judge }));
    },
  };
}

function find(options: CachedRouterOptions, asked: Asked): RoutingResult | undefined {
  const { key, place } = asked;
  const stored = options.store.get(key.pair) ?? options.store.get(key.arranged);
  if (stored === undefined || !options.isCurrent(stored.result, place)) return undefined;
  return stored.order === key.order
    ? reuse(options, asked, stored.result, 'exact')
    : reuse(options, asked, flipped(stored.result), 'flipped');
}

function keep(options: CachedRouterOptions, { key, place }: Asked, result: RoutingResult): void {
  if (!isLasting(result) || !options.isCurrent(result, place)) return;
  const { store, ttlMs } = options;
  const label = { result: withoutCost(result), order: key.order };
  if (isOrderFree(result)) {
    store.set(key.pair, label, ttlMs);
    return;
  }
  // The newer one counts, also when it is good for one arrangement alone.
  store.delete(key.pair);
  store.set(key.arranged, label, ttlMs);
}

interface Sharing {
  readonly flights: Flights;
  judge(call: Call): Promise<RoutingResult>;
}

async function share(
  options: CachedRouterOptions,
  asked: Asked,
  { flights, judge }: Sharing,
): Promise<RoutingResult> {
  const { key, place, call, verdictId } = asked;
  let landing = await flights.join(key.arranged, call, judge);
  // Another one's time was over, not this one's.
  if (landing.type === 'landed' && !landing.began && isCutShort(landing.result) && !call.signal.aborted) {
    landing = await flights.join(key.arranged, call, judge);
  }
  if (landing.type === 'left') return leftResult(call.signal);
  const { result, began, pays } = landing;
  if (!pays) return reuse(options, asked, withoutCost(result), 'shared');
  if (!began) options.reused(result, place, verdictId);
  return result;
}

function reuse(options: CachedRouterOptions, asked: Asked, result: RoutingResult, how: Reuse): RoutingResult {
  options.reused(result, asked.place, asked.verdictId);
  return { ...result, reuse: how };
}

function isCutShort({ end }: RoutingResult): boolean {
  return end.type === 'failed' && end.problem.code === 'deadline_exceeded';
}

function leftResult(signal: AbortSignal): RoutingResult {
  const problem = abortProblem(signal.reason);
  return { end: { type: 'failed', problem }, trail: [], decisions: [], difficulty: null, inclusion: 1 };
}
