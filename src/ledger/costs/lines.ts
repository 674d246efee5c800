import type { CostGroup, CostLine, CostParts } from '../../contracts/costs.ts';
import type { CostSum } from './table.ts';

/** From sums to one line for each group, in the order of their names. */
export function linesOf(
  sums: readonly CostSum[],
  by: CostGroup,
  lastTierOf: (policy: string) => string | null,
): CostLine[] {
  const meanOf = by === 'tier' ? () => null : lastTierMeans(sums, lastTierOf);
  return [...Map.groupBy(sums, (sum) => sum[by])]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, group]) => lineOf(key, group, meanOf));
}

type MeanOf = (sum: CostSum) => number | null;

function lineOf(key: string, group: readonly CostSum[], meanOf: MeanOf): CostLine {
  const total = (name: NumberName): number => group.reduce((sum, part) => sum + part[name], 0);
  const nanoUsd = partsOf(group);
  const labels = total('labels');
  const perLabel = (nano: number): number | null => (labels === 0 ? null : Math.round(nano / labels));
  return {
    key,
    items: total('items'),
    labels,
    cached: total('cached'),
    calls: total('calls'),
    retries: total('retries'),
    inputTokens: total('input_tokens'),
    cachedInputTokens: total('cached_input_tokens'),
    outputTokens: total('output_tokens'),
    engineSeconds: total('engine_seconds'),
    nanoUsd,
    nanoUsdPerLabel: perLabel(nanoUsd.decided + nanoUsd.rejected),
    fullyLoadedNanoUsdPerLabel: perLabel(nanoUsd.total),
    alwaysLargeNanoUsd: alwaysLarge(group, meanOf),
  };
}

type NumberName = {
  [Name in keyof CostSum]: CostSum[Name] extends number ? Name : never;
}[keyof CostSum];

function partsOf(group: readonly CostSum[]): CostParts {
  const parts = { decided: 0, rejected: 0, shadow: 0, audit: 0, total: 0 };
  for (const { kind, nano_usd: nano } of group) {
    if (kind === 'verdict') continue;
    parts[kind] += nano;
    parts.total += nano;
  }
  return parts;
}

/** Null as soon as one of the policies in the group has no price of its last tier. */
function alwaysLarge(group: readonly CostSum[], meanOf: MeanOf): number | null {
  let nano = 0;
  for (const sum of group) {
    const bought = sum.items - sum.cached;
    if (bought === 0) continue;
    const mean = meanOf(sum);
    if (mean === null) return null;
    nano += mean * bought;
  }
  return Math.round(nano);
}

/** Mean nano-dollars of one judgment of the last tier, for each team, policy and task. */
function lastTierMeans(sums: readonly CostSum[], lastTierOf: (policy: string) => string | null): MeanOf {
  const spent = new Map<string, { nano: number; judgments: number }>();
  const scopeOf = ({ team, policy, task }: CostSum): string => JSON.stringify([team, policy, task]);
  for (const sum of sums) {
    if (sum.tier !== lastTierOf(sum.policy)) continue;
    const scope = scopeOf(sum);
    const known = spent.get(scope) ?? { nano: 0, judgments: 0 };
    spent.set(scope, { nano: known.nano + sum.nano_usd, judgments: known.judgments + sum.judgments });
  }
  return (sum) => {
    const known = spent.get(scopeOf(sum));
    return known === undefined || known.judgments === 0 ? null : known.nano / known.judgments;
  };
}
