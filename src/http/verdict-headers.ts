import { toUsd } from '../domain/cost.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { Exchange } from './exchange.ts';

type Header = readonly [name: string, value: string | number];

/** What a reply with verdicts says of itself in its head, for proxies, logs and clients that read no body. */
export function verdictHeaders(exchange: Exchange, verdicts: readonly Verdict[]): Header[] {
  const byTier = new Map<string, number>();
  let nanoUsd = 0;
  let cached = 0;
  for (const { tier, cost, cache } of verdicts) {
    if (tier !== null) byTier.set(tier, (byTier.get(tier) ?? 0) + 1);
    if (cache !== null) cached += 1;
    nanoUsd += cost.nanoUsd;
  }
  return [
    ['x-assay-items', verdicts.length],
    ['x-assay-tiers', [...byTier].map(([tier, count]) => `${tier}=${count}`).join(', ')],
    ['x-assay-cached', cached],
    ['x-assay-cost-usd', toUsd(nanoUsd).toFixed(9)],
    overheadHeader(exchange),
  ];
}

/** Milliseconds so far in which the request neither was at an engine nor waited for its turn there. */
export function overheadHeader({ clock, startedAt, engineTime, queuedMs }: Exchange): Header {
  const ms = clock.monotonic() - startedAt - engineTime.ms() - queuedMs;
  return ['x-assay-overhead-ms', Math.max(0, ms).toFixed(2)];
}
