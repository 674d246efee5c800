import { z } from 'zod';
import { COST_GROUPS, type CostGroup, type CostLine, type CostQuery } from '../contracts/costs.ts';
import { toUsd } from '../domain/cost.ts';
import { check, type Checked } from './problems.ts';

/** The query and the reply of `GET /v1/feedback/costs` and of the admin API's `GET /admin/costs`. */
const day = z.iso.date('must be a day such as 2026-11-24').optional();

export const costsQuerySchema = z.strictObject({
  by: z.enum(COST_GROUPS).default('policy').meta({ description: 'What a line stands for.' }),
  since: day.meta({ description: 'First day, UTC.', example: '2026-11-01' }),
  until: day.meta({ description: 'Last day, UTC.', example: '2026-11-30' }),
});

export function parseCostsQuery(query: unknown): Checked<Omit<CostQuery, 'team'>> {
  const checked = check(costsQuerySchema, query);
  if (!checked.ok) return checked;
  const { by, since = null, until = null } = checked.value;
  return { ok: true, value: { by, since, until } };
}

const usd = z.number().min(0);

const lineSchema = z
  .object({
    key: z.string().meta({ description: 'The policy, team, task, tier or day; empty: no tier judged.' }),
    items: z.int().meta({ description: 'Verdicts.' }),
    labels: z.int().meta({ description: 'Verdicts with a label.' }),
    cached: z
      .int()
      .meta({ description: 'Verdicts that cost nothing: the label was bought for an equal item.' }),
    calls: z.int().meta({ description: 'Engine calls.' }),
    retries: z.int().meta({ description: 'Those of them that repeated another call, hedges included.' }),
    input_tokens: z.int(),
    cached_input_tokens: z.int(),
    output_tokens: z.int(),
    engine_seconds: z.number(),
    decided_usd: usd.meta({ description: 'Calls whose judgment became the verdict.' }),
    rejected_usd: usd.meta({
      description: 'Calls for the reply that did not decide it, or of items that failed.',
    }),
    shadow_usd: usd.meta({ description: 'Small judges asked behind a reply, to learn about them.' }),
    audit_usd: usd.meta({ description: 'The last tier asked behind a reply of a small one, to watch it.' }),
    total_usd: usd,
    usd_per_label: usd.nullable().meta({ description: 'Decided and rejected, by label.' }),
    fully_loaded_usd_per_label: usd.nullable().meta({ description: 'Everything, by label.' }),
    always_large_usd: usd.nullable().meta({
      description: 'What the bought verdicts would have cost at the last tier; null where that is not known.',
    }),
  })
  .meta({ id: 'CostLine' });

export const costsReplySchema = z
  .object({ object: z.literal('list'), by: z.enum(COST_GROUPS), data: z.array(lineSchema) })
  .meta({ id: 'Costs' });

export type CostsReply = z.output<typeof costsReplySchema>;

export function renderCosts(by: CostGroup, lines: readonly CostLine[]): CostsReply {
  return { object: 'list', by, data: lines.map(renderLine) };
}

function renderLine(line: CostLine): CostsReply['data'][number] {
  const { decided, rejected, shadow, audit, total } = line.nanoUsd;
  return {
    key: line.key,
    items: line.items,
    labels: line.labels,
    cached: line.cached,
    calls: line.calls,
    retries: line.retries,
    input_tokens: line.inputTokens,
    cached_input_tokens: line.cachedInputTokens,
    output_tokens: line.outputTokens,
    engine_seconds: line.engineSeconds,
    decided_usd: toUsd(decided),
    rejected_usd: toUsd(rejected),
    shadow_usd: toUsd(shadow),
    audit_usd: toUsd(audit),
    total_usd: toUsd(total),
    usd_per_label: usdOrNull(line.nanoUsdPerLabel),
    fully_loaded_usd_per_label: usdOrNull(line.fullyLoadedNanoUsdPerLabel),
    always_large_usd: usdOrNull(line.alwaysLargeNanoUsd),
  };
}

function usdOrNull(nanoUsd: number | null): number | null {
  return nanoUsd === null ? null : toUsd(nanoUsd);
}
