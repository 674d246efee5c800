import { type DashboardPlan, query, sparse } from './panel.ts';

const F = 'team=~"$team", policy=~"$policy"';
const LABELS = `assay_verdicts_total{${F}, outcome=~"ok|tie"}`;
const COST = `assay_cost_dollars_total{${F}}`;
const RATE = '[$__rate_interval]';

/** Dollars for one label, `by` something both have. */
function perLabel(by: string, cost = COST, labels = LABELS): string {
  return `sum by (${by}) (rate(${cost}${RATE})) / sum by (${by}) (rate(${labels}${RATE}))`;
}

const REFERENCE = 'on (job, instance, policy, tier) group_left () assay_policy_tier_info{role="reference"}';
/** What one judgment of the reference costs: the price of a label if every item went to it. */
const ALWAYS_LARGE = `sum by (policy) (rate(assay_cost_dollars_total{${F}, component="serve"}${RATE}) * ${REFERENCE}) / sum by (policy) (rate(assay_judgments_total{policy=~"$policy"}${RATE}) * ${REFERENCE})`;
const JUDGED = `assay_verdicts_total{${F}, outcome=~"ok|tie", cached="no"}`;
const SERVED = `assay_cost_dollars_total{${F}, component=~"serve|retry"}`;

export const costDashboard: DashboardPlan = {
  uid: 'assay-cost',
  title: 'Assay / Cost per label',
  description:
    'What a label costs, where the money goes, and what was saved against asking the reference every time.',
  variables: ['team', 'policy'],
  rows: [
    {
      title: 'Now',
      panels: [
        {
          title: 'Cost per label, fully loaded',
          description:
            'Everything that judging cost, shadow, audit and retries included, over the labels given.',
          kind: 'stat',
          unit: 'currencyUSD',
          queries: [query(`sum(rate(${COST}${RATE})) / sum(rate(${LABELS}${RATE}))`, 'per label')],
        },
        {
          title: 'Cost per label, as replies tell it',
          description: 'Only the calls that the replies rest on.',
          kind: 'stat',
          unit: 'currencyUSD',
          queries: [query(`sum(rate(${SERVED}${RATE})) / sum(rate(${LABELS}${RATE}))`, 'per label')],
        },
        {
          title: 'Saved against always asking the reference',
          description:
            'Share of the money that the same labels would have cost at the reference alone, cached labels included.',
          kind: 'stat',
          unit: 'percentunit',
          queries: [query(`1 - (${perLabel('policy')}) / (${ALWAYS_LARGE})`, '{{policy}}')],
        },
        {
          title: 'Labels per second',
          description: 'Verdicts with a label.',
          kind: 'stat',
          unit: 'short',
          queries: [query(`sum(rate(${LABELS}${RATE}))`, 'labels/s')],
        },
      ],
    },
    {
      title: 'Cost per label',
      panels: [
        {
          title: 'Against always asking the reference',
          description:
            'Fully loaded; without labels from the cache; and what each would have cost at the reference.',
          kind: 'series',
          unit: 'currencyUSD',
          queries: [
            query(perLabel('policy'), '{{policy}} fully loaded'),
            query(perLabel('policy', SERVED, JUDGED), '{{policy}} judged, not cached'),
            query(ALWAYS_LARGE, '{{policy}} always reference'),
          ],
        },
        {
          title: 'By team',
          description: 'Fully loaded.',
          kind: 'series',
          unit: 'currencyUSD',
          queries: [query(perLabel('team'), '{{team}}')],
        },
        {
          title: 'By task',
          description: 'Fully loaded.',
          kind: 'series',
          unit: 'currencyUSD',
          queries: [query(perLabel('task'), '{{task}}')],
        },
        {
          title: 'By deciding tier',
          description:
            'Money spent at a tier over the labels that it decided: a cheap tier that rarely decides is not cheap.',
          kind: 'series',
          unit: 'currencyUSD',
          queries: [query(perLabel('tier'), '{{tier}}')],
        },
      ],
    },
    {
      title: 'Where the money goes',
      panels: [
        {
          title: 'Dollars per hour by component',
          description:
            'The answer, attempts that failed, small judges in the shadow, the reference behind a label.',
          kind: 'stacked',
          unit: 'currencyUSD',
          queries: [query(`3600 * sum by (component) (rate(${COST}${RATE}))`, '{{component}}')],
        },
        {
          title: 'Dollars per hour by tier',
          description: 'All components.',
          kind: 'stacked',
          unit: 'currencyUSD',
          queries: [query(`3600 * sum by (tier) (rate(${COST}${RATE}))`, '{{tier}}')],
        },
        {
          title: 'Verdicts by outcome',
          description: 'Only ok and tie carry a label.',
          kind: 'stacked',
          unit: 'short',
          queries: [query(`sum by (outcome) (rate(assay_verdicts_total{${F}}${RATE}))`, '{{outcome}}')],
        },
        {
          title: 'Verdicts by how they came',
          description: 'Judged for this item, or answered by an earlier judgment at no cost.',
          kind: 'stacked',
          unit: 'short',
          queries: [query(`sum by (cached) (rate(assay_verdicts_total{${F}}${RATE}))`, 'cached: {{cached}}')],
        },
        {
          title: 'Tokens per second',
          description: 'Of judges, by direction: cached input is the prefix cache at work.',
          kind: 'stacked',
          unit: 'short',
          queries: [query(`sum by (direction) (rate(assay_tokens_total{${F}}${RATE}))`, '{{direction}}')],
        },
        {
          title: 'Budget: money spent over money coming in',
          description: 'Burn above 1 eats savings. Level 1: all saved up; 0: on pace; -1: all owed.',
          kind: 'series',
          unit: 'short',
          queries: [
            sparse(
              `sum by (policy) (rate(assay_cost_dollars_total{${F}, component="serve"}${RATE}) * ${REFERENCE}) / sum by (policy) (assay_budget_dollars_per_second{policy=~"$policy"})`,
              '{{policy}} burn',
            ),
            sparse('min by (policy) (assay_budget_level_ratio{policy=~"$policy"})', '{{policy}} level'),
          ],
        },
        {
          title: 'Limits: part of the money that is spent',
          description: 'Of teams and policies, in their day or month. At 1 items end as over_budget.',
          kind: 'series',
          unit: 'percentunit',
          queries: [
            query(
              'max by (of, name, per) (assay_limit_used_dollars / assay_limit_dollars)',
              '{{of}} {{name}}, {{per}}',
            ),
          ],
        },
        {
          title: 'Limits: time until the money is used up',
          description: "At the period's pace so far; nothing is shown for money that will last.",
          kind: 'series',
          unit: 's',
          queries: [
            sparse('min by (of, name, per) (assay_limit_exhausted_seconds)', '{{of}} {{name}}, {{per}}'),
          ],
        },
        {
          title: 'Limits: money in the hands of gateways',
          description: 'Leased slices, and what of them is set aside for calls under way.',
          kind: 'series',
          unit: 'currencyUSD',
          queries: [
            query('sum by (of, name, per) (assay_limit_leased_dollars)', '{{of}} {{name}}, {{per}}: leased'),
            query(
              'sum by (of, name, per) (assay_limit_reserved_dollars)',
              '{{of}} {{name}}, {{per}}: set aside',
            ),
          ],
        },
      ],
    },
  ],
};
