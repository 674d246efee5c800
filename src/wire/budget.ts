import { z } from 'zod';
import type { BudgetState } from '../contracts/budgets.ts';
import { toUsd } from '../domain/cost.ts';

/** How one limit stands; money in US dollars. */
const limitSchema = z
  .strictObject({
    unit: z.enum(['usd', 'tokens', 'requests']),
    per: z.enum(['minute', 'day', 'month']).describe('Periods begin and end in UTC.'),
    most: z.number(),
    used: z.number().describe('By all gateways, as of about a second ago.'),
    reserved: z.number().describe('Set aside at this gateway for calls that are under way.'),
    resets_at: z.iso.datetime(),
    exhausted_at: z
      .nullable(z.iso.datetime())
      .describe("When it will be used up at the period's pace so far; null when it will last."),
  })
  .meta({ id: 'LimitState' });

export const budgetSchema = z
  .strictObject({ object: z.literal('budget'), team: z.string(), limits: z.array(limitSchema) })
  .meta({ id: 'Budget' });

export type LimitState = z.infer<typeof limitSchema>;

export function renderBudget(team: string, states: readonly BudgetState[]): z.infer<typeof budgetSchema> {
  return { object: 'budget', team, limits: states.map(renderLimit) };
}

function renderLimit({ unit, per, most, used, reserved, resetsAt, exhaustedAt }: BudgetState): LimitState {
  const isMoney = unit === 'nanoUsd';
  const shown = (amount: number): number => (isMoney ? toUsd(amount) : amount);
  return {
    unit: isMoney ? 'usd' : unit,
    per,
    most: shown(most),
    used: shown(used),
    reserved: shown(reserved),
    resets_at: new Date(resetsAt).toISOString(),
    exhausted_at: exhaustedAt === null ? null : new Date(exhaustedAt).toISOString(),
  };
}
