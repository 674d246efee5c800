import { type DashboardPlan, quantile, query, sparse } from './panel.ts';

const E = 'engine=~"$engine"';
const RATE = '[$__rate_interval]';

export const enginesDashboard: DashboardPlan = {
  uid: 'assay-engines',
  title: 'Assay / Engines',
  description: 'How the engines are, as the gateway meets them and as they say themselves.',
  variables: ['engine'],
  rows: [
    {
      title: 'Calls',
      panels: [
        {
          title: 'Calls per second by result',
          description: 'Failed attempts and hedges included.',
          kind: 'stacked',
          unit: 'reqps',
          queries: [
            query(
              `sum by (engine, code) (rate(assay_engine_calls_total{${E}}${RATE}))`,
              '{{engine}} {{code}}',
            ),
          ],
        },
        {
          title: 'Failed share',
          description: 'Without calls that were cancelled here.',
          kind: 'series',
          unit: 'percentunit',
          queries: [
            sparse(
              `sum by (engine) (rate(assay_engine_calls_total{${E}, code!~"ok|cancelled"}${RATE})) / sum by (engine) (rate(assay_engine_calls_total{${E}}${RATE}))`,
              '{{engine}}',
            ),
          ],
        },
        {
          title: 'Time to first token',
          description: 'Median and 99th percentile.',
          kind: 'series',
          unit: 's',
          queries: [
            query(
              quantile(0.5, 'assay_engine_first_token_seconds', { by: 'engine', where: E }),
              '{{engine}} p50',
            ),
            query(
              quantile(0.99, 'assay_engine_first_token_seconds', { by: 'engine', where: E }),
              '{{engine}} p99',
            ),
          ],
        },
        {
          title: 'Duration of answered calls',
          description: '99th percentile, by what was asked for.',
          kind: 'series',
          unit: 's',
          queries: [
            query(
              quantile(0.99, 'assay_engine_call_duration_seconds', { by: 'engine, question', where: E }),
              '{{engine}} {{question}}',
            ),
          ],
        },
        {
          title: 'Retries and hedges per call',
          description:
            'Extra calls because one failed, or was late. Retries are bounded to 20 % over ten seconds.',
          kind: 'series',
          unit: 'percentunit',
          queries: [
            query(
              `sum by (engine) (rate(assay_engine_retries_total{${E}}${RATE})) / sum by (engine) (rate(assay_engine_calls_total{${E}}${RATE}))`,
              '{{engine}} retries',
            ),
            query(
              `sum by (engine) (rate(assay_engine_hedges_total{${E}}${RATE})) / sum by (engine) (rate(assay_engine_calls_total{${E}}${RATE}))`,
              '{{engine}} hedges',
            ),
          ],
        },
        {
          title: 'Dollars per hour',
          description: 'Of all calls, generations included.',
          kind: 'stacked',
          unit: 'currencyUSD',
          queries: [
            query(
              `3600 * sum by (engine) (rate(assay_engine_cost_dollars_total{${E}}${RATE}))`,
              '{{engine}}',
            ),
          ],
        },
        {
          title: 'Tokens per second',
          description: 'By direction.',
          kind: 'stacked',
          unit: 'short',
          queries: [
            query(
              `sum by (engine, direction) (rate(assay_engine_tokens_total{${E}}${RATE}))`,
              '{{engine}} {{direction}}',
            ),
          ],
        },
        {
          title: 'Busy replicas',
          description: 'Replica-seconds per second in which calls from here ran.',
          kind: 'series',
          unit: 'short',
          queries: [
            query(`sum by (engine) (rate(assay_engine_busy_seconds_total{${E}}${RATE}))`, '{{engine}}'),
          ],
        },
      ],
    },
    {
      title: 'Replicas',
      panels: [
        {
          title: 'Ready replicas',
          description: 'As the worst gateway sees them; what each engine is: assay_engine_info.',
          kind: 'series',
          unit: 'short',
          queries: [
            query(
              `min by (engine) (sum by (instance, engine) (assay_replica_ready{${E}}))`,
              '{{engine}} ready',
            ),
            query(
              `max by (engine) (count by (instance, engine) (assay_replica_ready{${E}}))`,
              '{{engine}} known',
            ),
            query(
              `count by (engine, kind, model) (assay_engine_info{${E}}) * 0`,
              '{{engine}}: {{kind}} {{model}}',
            ),
          ],
        },
        {
          title: 'Out of use',
          description: 'Breaker open, ejected, or drained by an operator.',
          kind: 'series',
          unit: 'short',
          queries: [
            query(`sum by (replica) (assay_replica_breaker{${E}, breaker!="closed"})`, '{{replica}} breaker'),
            query(`sum by (replica) (assay_replica_ejected{${E}})`, '{{replica}} ejected'),
            query(`sum by (replica) (assay_replica_draining{${E}})`, '{{replica}} draining'),
          ],
        },
        {
          title: 'Calls out, and the limit',
          description: 'The limit adapts to how fast the replica answers.',
          kind: 'series',
          unit: 'short',
          queries: [
            query(`sum by (replica) (assay_replica_in_flight{${E}})`, '{{replica}} out'),
            query(`sum by (replica) (assay_replica_limit{${E}})`, '{{replica}} limit'),
          ],
        },
        {
          title: "The engines' own figures",
          description: 'Requests there, whoever sent them, and the share of the KV cache in use.',
          kind: 'series',
          unit: 'short',
          queries: [
            query(`max by (replica, where) (assay_replica_reported_requests{${E}})`, '{{replica}} {{where}}'),
            query(`max by (replica) (assay_replica_kv_cache_ratio{${E}})`, '{{replica}} KV cache'),
          ],
        },
      ],
    },
  ],
};
