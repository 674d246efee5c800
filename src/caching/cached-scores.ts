import { hash } from 'node:crypto';
import type { LabelStore, SharedLabels, StoredScore } from '../contracts/cache.ts';
import type { Call } from '../contracts/call.ts';
import type { Router, RoutingResult } from '../contracts/routing.ts';
import { abortProblem } from '../domain/errors.ts';
import type { Item } from '../domain/item.ts';
import type { ScoreJudgment } from '../domain/score.ts';
import type { Reuse } from '../domain/verdict.ts';
import { createFlights } from './flights.ts';
import { tagsOf } from './label-tags.ts';
import { withoutCost } from './stored-result.ts';

/**
 * A router of scores that never asks twice, as the label cache is for pairs: an equal response to an equal
 * prompt under equal criteria is scored once, also when it is asked for several times at once, and given again
 * by every gateway of the same Redis. It refuses to keep failures, and scores of aborted calls.
 */
export interface CachedScoresOptions {
  readonly store: LabelStore<StoredScore>;
  /** What other gateways share; null for a gateway that is alone. */
  readonly shared: SharedLabels<StoredScore> | null;
  /** Time that a score may be given again, in milliseconds, > 0. */
  readonly ttlMs: number;
  readonly policy: string;
  /** The policy's judges and thresholds, in a stable form. */
  readonly promise: string;
}

type ScoreResult = RoutingResult<ScoreJudgment>;

export function createCachedScores(
  router: Router<ScoreJudgment>,
  options: CachedScoresOptions,
): Router<ScoreJudgment> {
  const { store, shared, ttlMs, promise, policy } = options;
  const flights = createFlights<ScoreResult>();
  const elsewhere = async (key: string): Promise<ScoreResult | null> => {
    const found = await shared?.get([key]);
    if (found === undefined) return null;
    // Another gateway's policy may keep it for longer than this one's.
    store.set(key, found.label, Math.min(found.ttlMs, ttlMs));
    return reused(found.label.result, 'exact');
  };
  return {
    async route(item, call, verdictId) {
      const { cache: use = 'normal', team } = call;
      if (use === 'bypass') return router.route(item, call, verdictId);
      const key = keyOf(team, promise, item);
      const judge = async (own: Call): Promise<ScoreResult> => {
        const result = await router.route(item, own, verdictId);
        if (own.signal.aborted || !isLasting(result)) return result;
        const kept = { result: withoutCost(result), tags: tagsOf(result, item, { policy, team }) };
        store.set(key, kept, ttlMs);
        const written = shared?.set(key, kept, ttlMs);
        if (use === 'refresh') void written?.then(() => shared?.outdated([key]));
        return result;
      };
      if (use === 'refresh') return judge(call);
      const known = store.get(key);
      if (known !== undefined) return reused(known.result, 'exact');
      const landing = await flights.join(key, call, async (own) => (await elsewhere(key)) ?? judge(own));
      if (landing.type === 'left') return leftResult(call.signal);
      const { result, pays } = landing;
      return pays || result.reuse !== undefined ? result : reused(withoutCost(result), 'shared');
    },
  };
}

/** SHA-256 over everything that a score depends on; JSON tells a text from a list and quotes both. */
function keyOf(team: string, promise: string, { prompt, candidates, rubric, wishes }: Item): string {
  const asked = typeof prompt === 'string' ? prompt : prompt.map(({ role, content }) => [role, content]);
  const guide = rubric === undefined ? null : [rubric.id, rubric.text, rubric.criteria ?? null];
  const parts = ['score', team, promise, guide, wishes?.reference ?? null, asked, candidates];
  return hash('sha256', JSON.stringify(parts), 'base64url');
}

/** What asking again would not change. */
function isLasting({ end, trail }: ScoreResult): boolean {
  if (end.type === 'failed') return false;
  return end.type === 'accepted' || trail.every(({ problem }) => problem === null);
}

function reused(result: ScoreResult, reuse: Reuse): ScoreResult {
  return { ...result, reuse };
}

function leftResult(signal: AbortSignal): ScoreResult {
  const problem = abortProblem(signal.reason);
  return { end: { type: 'failed', problem }, trail: [], decisions: [], difficulty: null, inclusion: 1 };
}
