import { kindOf, toPrice } from './compose-engines.ts';
import { need } from './compose-parts.ts';
import type { LoadedConfig } from './config/loader.ts';
import type { Config } from './config/schema.ts';
import type { Planner, PlanRequest, PlanRow, Range } from './contracts/plan.ts';
import { GatewayError } from './domain/errors.ts';
import type { Item } from './domain/item.ts';
import type { PromptTemplate } from './domain/template.ts';
import { messageCharacters } from './domain/token-estimate.ts';
import { MeasuredRates } from './evaluation/measured-rates.ts';
import { exactly, type Reach, shareRange, underCertificates } from './evaluation/plan-reach.ts';
import { planTier, type PromptSums, type TierForecast, totalOf } from './evaluation/run-plan.ts';
import { renderPreference } from './judging/render.ts';

/**
 * The forecast of a run: renders every row as the judges of the policy would see it, counts characters, and
 * takes from the certificates, or from an earlier run, how many rows reach each tier. Asks nobody.
 * Plans are made for policies of preferences; throws `GatewayError` for the others and for unknown names.
 */
export function openPlan(request: PlanRequest, loaded: LoadedConfig): Planner {
  const { config, templates, rubrics } = loaded;
  const policyName = request.policy ?? Object.keys(config.policies)[0] ?? '';
  const policy = config.policies[policyName];
  if (policy === undefined) {
    const known = Object.keys(config.policies).join(', ');
    throw new GatewayError('not_found', `there is no policy "${policyName}"; there are ${known}`);
  }
  if (policy.task !== 'preference') {
    throw new GatewayError(
      'invalid_request',
      `the policy "${policyName}" is for a ${policy.task}; plans are made for preferences`,
    );
  }
  const views = policy.tiers.map((tier) => {
    const { prompt } = need(config.judges[tier], tier);
    return { tier, template: need(templates.find(prompt), prompt), characters: 0, sharedCharacters: 0 };
  });
  const measured = new MeasuredRates(request.earlier);
  let rows = 0;
  return {
    add(row) {
      rows += 1;
      const item = itemOf(row, rubrics);
      const sizes = new Map<string, number>();
      for (const view of views) {
        const characters = charactersOf(view.template, item);
        view.characters += characters;
        view.sharedCharacters += charactersOf(headOf(view.template), item);
        sizes.set(view.tier, characters);
      }
      measured.add(row.digest, sizes);
    },
    finish() {
      const rates = measured.rates(request.tokensPerSecond);
      const tiers = views.map((view, index) => {
        const forecast = forecastOf(index, { name: policyName, policy, loaded, request });
        const sums: PromptSums = { ...view, rows };
        return planTier(forecast, sums, rates);
      });
      const notes = [...measured.notes(request.tokensPerSecond), ...notesOf(request, policy)];
      return { policy: policyName, rows, tiers, total: totalOf(tiers), notes };
    },
  };
}

function itemOf({ prompt, candidates, rubric }: PlanRow, rubrics: LoadedConfig['rubrics']): Item {
  const known = rubric === null ? undefined : rubrics.get(rubric);
  return { id: '', prompt, candidates, rubric: known, metadata: {} };
}

/** Any word of the length that fences have. */
const FENCE = (): string => 'a1b2c3d4e5';

function charactersOf(template: PromptTemplate, item: Item): number {
  return messageCharacters(renderPreference(template, item, 'ab', FENCE));
}

/** The template up to the first response: what two orders of an item have in common. */
function headOf(template: PromptTemplate): PromptTemplate {
  const slot = /\{\{(first|second)\}\}/;
  const place = template.messages.findIndex(({ content }) => slot.test(content));
  const messages = template.messages.slice(0, place + 1).map((message, index) => ({
    ...message,
    content: index === place ? (message.content.split(slot)[0] ?? '') : message.content,
  }));
  return { ...template, messages };
}

type PolicyConfig = Config['policies'][string];

interface Planned {
  readonly name: string;
  readonly policy: PolicyConfig;
  readonly loaded: LoadedConfig;
  readonly request: PlanRequest;
}

function forecastOf(index: number, planned: Planned): TierForecast {
  const { policy, loaded, request } = planned;
  const { config } = loaded;
  const tier = need(policy.tiers[index], `tier ${index}`);
  const { engine: id, orders } = need(config.judges[tier], tier);
  const engine = need(config.engines[id], id);
  const { reach, basis } = reachOf(index, planned);
  const isLast = index === policy.tiers.length - 1;
  return {
    tier,
    engine: `${id} (${kindOf(engine)})`,
    model: engine.model,
    price: toPrice(engine.cost),
    replicas: Math.max(1, engine.replicas.length),
    reach: scaled(reach, request.share),
    callsPerRow: callsOf(tier, { orders, isLast, hasTarget: policy.target !== undefined }, request),
    basis,
  };
}

interface Asking {
  readonly orders: 'both' | 'one';
  readonly isLast: boolean;
  readonly hasTarget: boolean;
}

function callsOf(tier: string, { orders, isLast, hasTarget }: Asking, { earlier }: PlanRequest): Range {
  const seen = earlier?.tiers[tier];
  if (seen !== undefined && seen.rows > 0) return exactly(seen.calls / seen.rows);
  if (orders === 'one') return exactly(1);
  // Under a certificate the second order is bought only where the first does not suffice.
  return hasTarget && !isLast ? { low: 1, expected: 1.5, high: 2 } : exactly(2);
}

/** Share of the rows that get to a tier, from the best that is known of it. */
function reachOf(index: number, { name, policy, loaded, request }: Planned): Reach {
  if (index === 0) return { reach: exactly(1), basis: 'every row begins here' };
  const tier = policy.tiers[index] ?? '';
  const { earlier } = request;
  if (earlier !== null) {
    const reached = earlier.tiers[tier]?.rows ?? 0;
    return {
      reach: shareRange(reached, earlier.rows),
      basis: `${reached} of ${earlier.rows} rows of ${earlier.source} came here`,
    };
  }
  const isLast = index === policy.tiers.length - 1;
  if (policy.target === undefined) {
    return {
      reach: { low: 0, expected: 0.5, high: 1 },
      basis: 'unknown: no earlier run tells how often the judges before it are sure',
    };
  }
  const certificates = loaded.certificates?.get(name) ?? [];
  if (certificates.length === 0) {
    return {
      reach: exactly(1),
      basis: 'no certificate yet: until there is one, the last tier decides every row',
    };
  }
  return isLast
    ? underCertificates(certificates, policy.audit.share)
    : { reach: { low: 0, expected: 0.5, high: 1 }, basis: 'between the certified judges' };
}

function scaled({ low, expected, high }: Range, by: number): Range {
  return { low: low * by, expected: expected * by, high: high * by };
}

function notesOf({ share }: PlanRequest, { cache, budget }: PolicyConfig): string[] {
  const notes: string[] = [];
  if (share < 1) notes.push(`Sampling asks for ${(100 * share).toFixed(1)} % of the rows.`);
  if (cache.ttlMs > 0) {
    notes.push('Rows whose labels are in the cache cost nothing; the forecast counts them as new.');
  }
  if (budget !== undefined) {
    notes.push(
      `The policy spends at most $${budget.usd} per ${budget.per} on its last tier; beyond it: ${budget.whenOver}.`,
    );
  }
  return notes;
}
