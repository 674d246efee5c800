import { type DashboardPlan, query, sparse } from './panel.ts';

const F = 'team=~"$team", policy=~"$policy"';
const P = 'policy=~"$policy"';
const RATE = '[$__rate_interval]';
const VERDICTS = `assay_verdicts_total{${F}}`;

function shareOf(outcomes: string): string {
  return `sum by (policy) (rate(assay_verdicts_total{${F}, outcome=~"${outcomes}"}${RATE})) / sum by (policy) (rate(${VERDICTS}${RATE}))`;
}

function mean(metric: string, by: string): string {
  return `sum by (${by}) (rate(${metric}_sum{${P}}${RATE})) / sum by (${by}) (rate(${metric}_count{${P}}${RATE}))`;
}

/** Labels of canary pairs in the last day. */
const CANARIES = `sum by (policy) (increase(assay_canary_judged_total{${P}}[1d]))`;

export const qualityDashboard: DashboardPlan = {
  uid: 'assay-quality',
  title: 'Assay / Quality',
  description:
    'Whether labels are what was promised: certificates, audits, bias, and what ended without a label.',
  variables: ['team', 'policy'],
  rows: [
    {
      title: 'The promise',
      panels: [
        {
          title: 'Agreement of audited labels with the reference',
          description: 'Since the certificates in force, with its 90 % interval, and the target.',
          kind: 'series',
          unit: 'percentunit',
          queries: [
            sparse(
              `min by (team, policy, bound) (assay_agreement_ratio{${F}})`,
              '{{team}} {{policy}} {{bound}}',
            ),
            query(`max by (policy) (assay_agreement_target_ratio{${P}})`, '{{policy}} target'),
          ],
        },
        {
          title: 'Strata by state',
          description:
            'certified: small judges decide; cold: too little is known; blocked: they are not good enough.',
          kind: 'stacked',
          unit: 'short',
          queries: [query(`sum by (state) (assay_lanes{${F}})`, '{{state}}')],
        },
        {
          title: 'Certificates',
          description:
            'Each step is an event. Withdrawn: audits or a drift alarm said that the promise no longer holds.',
          kind: 'series',
          unit: 'short',
          queries: [
            query(`sum by (policy, event) (assay_certificate_events_total{${P}})`, '{{policy}} {{event}}'),
          ],
        },
        {
          title: 'Audits per second',
          description:
            'Labels released under a certificate that the reference judged again, and audits that were dropped.',
          kind: 'stacked',
          unit: 'short',
          queries: [
            sparse(`sum by (result) (rate(assay_audits_total{${F}}${RATE}))`, '{{result}}'),
            query(`sum(rate(assay_audits_dropped_total${RATE}))`, 'dropped'),
          ],
        },
        {
          title: 'Canaries: share with their gold label, last day',
          description:
            'Labels of canary pairs that are the gold ones. A fall is a judge or a prompt that got worse.',
          kind: 'series',
          unit: 'percentunit',
          queries: [
            query(
              `1 - (sum by (policy) (increase(assay_canary_judged_total{${P}, result="disagreed"}[1d])) or 0 * ${CANARIES}) / ${CANARIES}`,
              '{{policy}}',
            ),
          ],
        },
      ],
    },
    {
      title: 'Judges',
      panels: [
        {
          title: 'Position bias: judgments that change with the order',
          description: 'Share of judgments in both orders in which the judge named different responses.',
          kind: 'series',
          unit: 'percentunit',
          queries: [
            query(
              `sum by (policy, tier) (rate(assay_order_pairs_total{${P}, consistent="no"}${RATE})) / sum by (policy, tier) (rate(assay_order_pairs_total{${P}}${RATE}))`,
              '{{policy}} {{tier}}',
            ),
          ],
        },
        {
          title: 'Mean confidence of deciding judgments',
          description: 'A jump without a change of traffic is a change of the judge.',
          kind: 'series',
          unit: 'percentunit',
          queries: [query(mean('assay_confidence', 'policy, tier'), '{{policy}} {{tier}}')],
        },
        {
          title: 'Mean difficulty',
          description: 'As estimated before any call; absent until it is learned.',
          kind: 'series',
          unit: 'percentunit',
          queries: [sparse(mean('assay_difficulty', 'policy'), '{{policy}}')],
        },
        {
          title: 'Escalations by reason',
          description: 'Share of verdicts that a tier passed on.',
          kind: 'stacked',
          unit: 'percentunit',
          queries: [
            query(
              `sum by (reason) (rate(assay_escalations_total{${P}}${RATE})) / scalar(sum(rate(assay_verdicts_total{${P}}${RATE})))`,
              '{{reason}}',
            ),
          ],
        },
      ],
    },
    {
      title: 'Without a label',
      panels: [
        {
          title: 'Abstained',
          description: 'The last tier was not sure enough.',
          kind: 'series',
          unit: 'percentunit',
          queries: [sparse(shareOf('abstained'), '{{policy}}')],
        },
        {
          title: 'Failed',
          description: 'Engines failed, answered nothing usable, or time or money ran out.',
          kind: 'series',
          unit: 'percentunit',
          queries: [
            sparse(shareOf('engine_failed|timed_out|unparseable|refused|truncated'), '{{policy}} failed'),
            sparse(shareOf('over_budget|skipped'), '{{policy}} over budget or skipped'),
          ],
        },
      ],
    },
  ],
};
