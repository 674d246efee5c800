import { type DashboardPlan, quantile, query, sparse } from './panel.ts';

const E = 'engine=~"$engine"';
const RATE = '[$__rate_interval]';

export const queuesDashboard: DashboardPlan = {
  uid: 'assay-queues',
  title: 'Assay / Jobs and queues',
  description: 'Who waits for what, how full calls are, and what the gateway itself costs.',
  variables: ['engine'],
  rows: [
    {
      title: 'Queue',
      panels: [
        {
          title: 'Calls that wait',
          description: 'By class, the most urgent is interactive.',
          kind: 'stacked',
          unit: 'short',
          queries: [sparse(`sum by (engine, class) (assay_queue_waiting{${E}})`, '{{engine}} {{class}}')],
        },
        {
          title: 'Longest wait now',
          description: 'Age of the oldest call in the queue.',
          kind: 'series',
          unit: 's',
          queries: [
            sparse(`max by (engine, class) (assay_queue_oldest_seconds{${E}})`, '{{engine}} {{class}}'),
          ],
        },
        {
          title: 'Places at the engine',
          description: 'Taken, and there.',
          kind: 'series',
          unit: 'short',
          queries: [
            query(`sum by (engine) (assay_queue_running{${E}})`, '{{engine}} taken'),
            query(`sum by (engine) (assay_queue_capacity{${E}})`, '{{engine}} there'),
          ],
        },
        {
          title: "Wait of judges' calls",
          description: 'Median and 99th percentile.',
          kind: 'series',
          unit: 's',
          queries: [
            query(quantile(0.5, 'assay_queue_wait_seconds', { by: 'engine', where: E }), '{{engine}} p50'),
            query(quantile(0.99, 'assay_queue_wait_seconds', { by: 'engine', where: E }), '{{engine}} p99'),
          ],
        },
        {
          title: 'Questions per engine call',
          description: 'Mean company of a question: 1 is alone.',
          kind: 'series',
          unit: 'short',
          queries: [
            query(
              `sum by (engine) (rate(assay_coalesced_questions_sum{${E}}${RATE})) / sum by (engine) (rate(assay_coalesced_questions_count{${E}}${RATE}))`,
              '{{engine}}',
            ),
          ],
        },
      ],
    },
    {
      title: 'Jobs',
      panels: [
        {
          title: 'Items of jobs per second',
          description: 'That got their end, by outcome. Lines of batches are items too.',
          kind: 'stacked',
          unit: 'short',
          queries: [query(`sum by (outcome) (rate(assay_job_items_total${RATE}))`, '{{outcome}}')],
        },
        {
          title: 'Jobs by state',
          description: 'Those that ended are kept for a while, see jobs.retentionDays.',
          kind: 'series',
          unit: 'short',
          queries: [query('max by (work, job_state) (assay_jobs)', '{{work}} {{job_state}}')],
        },
        {
          title: 'Items that wait for their end',
          description: 'Of open jobs, by kind of work.',
          kind: 'stacked',
          unit: 'short',
          queries: [query('max by (work) (assay_job_items_waiting)', '{{work}}')],
        },
        {
          title: 'Oldest job that nobody works on',
          description: 'Age of the oldest job with a shard that waits for a gateway.',
          kind: 'series',
          unit: 's',
          queries: [query('max(assay_job_oldest_seconds)', 'oldest')],
        },
        {
          title: 'Shards under way',
          description: 'Leased by a gateway.',
          kind: 'series',
          unit: 'short',
          queries: [query('max(assay_job_shards_leased)', 'leased')],
        },
        {
          title: 'Webhook messages',
          description:
            'Still to be delivered, the age of the oldest, and tries per second by what came of them.',
          kind: 'series',
          unit: 'short',
          queries: [
            query('max(assay_webhook_waiting)', 'waiting'),
            query('max(assay_webhook_oldest_seconds)', 'age of the oldest (s)'),
            sparse(
              `sum by (delivery) (rate(assay_webhook_deliveries_total${RATE}))`,
              '{{delivery}} per second',
            ),
          ],
        },
      ],
    },
    {
      title: 'Limits',
      panels: [
        {
          title: 'Items under way',
          description: 'Of teams and policies with a limit of items at once; the limit is of each gateway.',
          kind: 'series',
          unit: 'short',
          queries: [
            query('sum by (of, name) (assay_items_under_way)', '{{of}} {{name}}'),
            query('sum by (of, name) (assay_items_waiting)', '{{of}} {{name}} waiting'),
            query('sum by (of, name) (assay_items_limit)', '{{of}} {{name}} limit'),
          ],
        },
        {
          title: 'Used part of what a minute allows',
          description:
            'Tokens and requests. At 1 trainers and jobs wait for the next minute, others are refused.',
          kind: 'series',
          unit: 'percentunit',
          queries: [
            query('max by (of, name, limit) (assay_limit_minute_ratio)', '{{of}} {{name}} {{limit}}'),
          ],
        },
        {
          title: 'Refused by limits, per second',
          description: 'Calls, requests and items, by the limit that they met.',
          kind: 'stacked',
          unit: 'short',
          queries: [
            sparse(
              `sum by (of, name, limit) (rate(assay_limit_refusals_total${RATE}))`,
              '{{of}} {{name}} {{limit}}',
            ),
          ],
        },
      ],
    },
    {
      title: 'Label cache',
      panels: [
        {
          title: 'Memory of the label cache',
          description: 'Taken and allowed, of each gateway; the ones unused for longest go first.',
          kind: 'series',
          unit: 'bytes',
          queries: [
            query('assay_cache_bytes', '{{instance}} taken'),
            query('assay_cache_limit_bytes', '{{instance}} allowed'),
          ],
        },
        {
          title: 'Labels kept, and labels looked at again',
          description:
            'A share of the labels that are given again is judged anew; the rate at which they came out otherwise is the error of the cache.',
          kind: 'series',
          unit: 'short',
          queries: [
            query('assay_cache_entries', '{{instance}} kept'),
            query(
              `rate(assay_cache_evictions_total${RATE})`,
              'had to go for others per second: {{instance}}',
            ),
            query(
              `sum by (recheck) (rate(assay_cache_rechecks_total${RATE}))`,
              'looked at per second: {{recheck}}',
            ),
          ],
        },
        {
          title: 'Redis behind it',
          description: 'Reads and writes by what came of them, and gateways that it does not answer in time.',
          kind: 'series',
          unit: 'short',
          queries: [
            sparse(`sum by (answer) (rate(assay_cache_redis_total${RATE}))`, '{{answer}}'),
            sparse('sum by (redis) (assay_cache_redis_state)', 'gateways: {{redis}}'),
          ],
        },
      ],
    },
    {
      title: 'Gateway',
      panels: [
        {
          title: 'Requests per second',
          description: 'By route and status.',
          kind: 'stacked',
          unit: 'reqps',
          queries: [
            query(`sum by (route, status) (rate(assay_http_requests_total${RATE}))`, '{{route}} {{status}}'),
          ],
        },
        {
          title: 'Duration of requests',
          description: '99th percentile by route.',
          kind: 'series',
          unit: 's',
          queries: [
            query(quantile(0.99, 'assay_http_request_duration_seconds', { by: 'route' }), '{{route}}'),
          ],
        },
        {
          title: 'What the gateway itself adds',
          description: 'Time in which a request neither was at an engine nor waited for its turn there.',
          kind: 'series',
          unit: 's',
          queries: [
            query(quantile(0.5, 'assay_http_overhead_seconds', { by: 'route' }), '{{route}} p50'),
            query(quantile(0.99, 'assay_http_overhead_seconds', { by: 'route' }), '{{route}} p99'),
          ],
        },
        {
          title: 'Time from an item to its verdict',
          description: '95th percentile.',
          kind: 'series',
          unit: 's',
          queries: [query(quantile(0.95, 'assay_verdict_duration_seconds', { by: 'policy' }), '{{policy}}')],
        },
        {
          title: 'Event loop',
          description: 'Busy share: at 1 the gateway has no time left. Delay: how late timers are.',
          kind: 'series',
          unit: 'short',
          queries: [
            query('max by (instance) (assay_event_loop_busy_ratio)', '{{instance}} busy'),
            query(
              'max by (instance) (assay_event_loop_delay_seconds{quantile="0.99"})',
              '{{instance}} delay p99 (s)',
            ),
          ],
        },
        {
          title: 'Memory and processor',
          description: 'Of each gateway.',
          kind: 'series',
          unit: 'bytes',
          queries: [
            query('assay_process_resident_bytes', '{{instance}} memory'),
            query('assay_process_heap_bytes', '{{instance}} heap'),
          ],
        },
        {
          title: 'Requests under way, processor cores',
          description: 'A rising count with idle cores waits for engines.',
          kind: 'series',
          unit: 'short',
          queries: [
            query('sum by (instance) (assay_http_in_flight)', '{{instance}} under way'),
            query(`sum by (instance) (rate(assay_process_cpu_seconds_total${RATE}))`, '{{instance}} cores'),
          ],
        },
      ],
    },
  ],
};
