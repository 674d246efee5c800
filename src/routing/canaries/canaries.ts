import type { Call } from '../../contracts/call.ts';
import type { Canaries, GoldItem } from '../../contracts/canaries.ts';
import type { Random } from '../../contracts/clock.ts';
import type { AuditObserver } from '../../contracts/observers.ts';
import type { ExtraCalls } from '../../contracts/ledger.ts';
import type { Router, RoutingResult } from '../../contracts/routing.ts';
import { labelOf } from '../../domain/preference.ts';
import type { Label } from '../../domain/verdict.ts';
import type { Auditor } from '../auditor.ts';
import type { CanaryAnswer, CanaryRecord } from './canary-record.ts';

/**
 * Pairs with a known label, sent behind replies through the judges that traffic gets, as calls of class audit. It
 * owns the coin and what a canary's answer is compared with. Callers never see a canary: it has no verdict.
 */
export interface CanaryOptions {
  readonly policy: string;
  /** One or more. */
  readonly items: readonly GoldItem[];
  /** In [0, 1]. */
  readonly share: number;
  /** Keeps nothing of what it routes, and gives no label again. */
  readonly router: Router;
  readonly record: CanaryRecord;
  readonly auditor: Auditor;
  /** Time for one canary, in milliseconds. */
  readonly timeoutMs: number;
  readonly random: Random;
  /** Milliseconds since 1970. */
  now(): number;
  /** Canaries are paid by the team whose item they follow. */
  readonly observer?: AuditObserver | undefined;
  keepCalls(calls: ExtraCalls): void;
  answered(answer: CanaryAnswer): void;
}

export function createCanaries(options: CanaryOptions): Canaries {
  const { items, share, random, auditor, timeoutMs } = options;
  return {
    mayFollow({ requestId, team }) {
      // Drawn without a look at the item: the share is the probability.
      if (random.uniform() >= share) return;
      const canary = items[Math.floor(random.uniform() * items.length)];
      if (canary === undefined) return;
      auditor.run({ requestId, team, timeoutMs, work: (call) => ask(options, canary, call) });
    },
  };
}

async function ask(options: CanaryOptions, { item, gold }: GoldItem, call: Call): Promise<void> {
  const { policy, router, record, random } = options;
  const id = random.id('cnr_');
  const result = await router.route(item, call, id);
  const { team } = call;
  const { trail } = result;
  options.keepCalls({
    verdictId: id,
    team,
    policy,
    purpose: 'audit',
    after: 0,
    entries: trail,
    at: options.now(),
  });
  options.observer?.audited({ team, policy, shadow: [], audit: trail, result: null });
  // What a shutdown or a spent deadline cut short says nothing of the judges.
  if (!call.signal.aborted) options.answered(record.take(releasedLabel(result), gold));
}

function releasedLabel({ end }: RoutingResult): Label | null {
  return end.type === 'accepted' ? labelOf(end.judgment.probabilities) : null;
}

/** The router with a canary behind some of the pairs that its judges were asked about; not behind labels given again. */
export function followedByCanaries(router: Router, canaries: Canaries): Router {
  return {
    async route(item, call, verdictId) {
      const result = await router.route(item, call, verdictId);
      if (result.reuse === undefined) canaries.mayFollow(call);
      return result;
    },
  };
}
