import { OUTCOMES } from './outcome.ts';
import { JOB_STATES } from './job.ts';
import { TASKS } from './task.ts';

/**
 * The one table of metrics. From it come the figures at `/metrics`, docs/metrics.md, the dashboards and the
 * alert rules; a test pins the names. Names follow Prometheus: base units, `_total` for counters.
 * To add a metric: a row here, and whoever counts is handed a `Meter`; then `npm run docs`.
 */
export interface MetricRow {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly unit: MetricUnit;
  readonly labels: readonly LabelName[];
  /** Upper bounds of a histogram's buckets, in its unit. */
  readonly buckets?: readonly number[];
}

type MetricUnit = 'count' | 'seconds' | 'bytes' | 'dollars' | 'tokens' | 'ratio' | 'info';

/**
 * Labels: either the values are a fixed list, or they are names from the configuration; whatever else is told
 * becomes `other`. So the number of series is known before any request comes.
 */
export const LABELS = {
  team: { from: 'configuration', meaning: 'team of the key; `default` without keys' },
  policy: { from: 'configuration', meaning: 'policy that the request named' },
  tier: { from: 'configuration', meaning: 'judge of the tier; `none` where no judge decided' },
  engine: { from: 'configuration', meaning: 'engine id' },
  replica: { from: 'engine', meaning: 'replica as `<engine>/<number>`, only those there now' },
  route: { from: 'routes', meaning: 'pattern of the route; `unmatched` for none' },
  status: { from: 'routes', meaning: 'HTTP status; 499 when the client left first' },
  code: { from: 'errors', meaning: '`ok`, or a code of docs/errors.md' },
  metric: { from: 'table', meaning: 'name of a metric of this table' },
  version: { from: 'engine', meaning: 'version of this program' },
  model: { from: 'configuration', meaning: 'model that the engine serves' },
  precision: { from: 'configuration', meaning: 'precision of the weights; `unknown` when not told' },
  kind: { from: 'configuration', meaning: 'protocol and dialect of the engine, such as `openai/vllm`' },
  task: { from: TASKS, meaning: 'kind of feedback' },
  outcome: { from: OUTCOMES, meaning: 'how the item ended; only `ok` and `tie` carry a label' },
  cached: {
    from: ['no', 'exact', 'flipped', 'shared', 'semantic'],
    meaning: '`no`: judged for this item; else how an earlier judgment answered it',
  },
  component: {
    from: ['serve', 'retry', 'shadow', 'audit'],
    meaning:
      'what was paid for: the answer, attempts that failed, small judges in the shadow, the reference behind a label',
  },
  direction: {
    from: ['fresh_input', 'cached_input', 'output'],
    meaning: 'tokens read, read from the prefix cache, or written',
  },
  reason: {
    from: ['unsure', 'failed', 'not_asked'],
    meaning: 'the tier was not sure, gave no judgment, or was not asked (no certificate, or too difficult)',
  },
  role: { from: ['small', 'reference'], meaning: '`reference` is the last tier of the policy' },
  consistent: { from: ['yes', 'no'], meaning: 'the judge names the same response in both orders' },
  state: {
    from: ['cold', 'certified', 'blocked'],
    meaning: 'what small judges may decide, see docs/routing.md',
  },
  event: {
    from: ['certified', 'refused', 'alarm', 'withdrawn', 'judge_changed'],
    meaning: 'what happened to a certificate',
  },
  result: { from: ['agreed', 'disagreed'], meaning: 'whether the reference, or a gold label, says the same' },
  bound: { from: ['low', 'estimate', 'high'], meaning: 'estimate, and its 90 % interval (Wilson)' },
  question: { from: ['label', 'generation', 'json'], meaning: 'what the engine was asked for' },
  breaker: { from: ['closed', 'open', 'half_open'], meaning: 'state of the breaker' },
  quantile: { from: ['0.5', '0.99', '1'], meaning: 'quantile of the values; `1` is the largest' },
  class: { from: ['interactive', 'trainer', 'batch', 'audit'], meaning: 'class of work, most urgent first' },
  redis: { from: ['ready', 'away', 'slow'], meaning: '`slow`: left alone until it answers in time' },
  answer: {
    from: ['hit', 'miss', 'away', 'refused', 'unreadable'],
    meaning: '`away`: none in time; `refused`: a write that it did not take; `unreadable`: no label of ours',
  },
  recheck: {
    from: ['agreed', 'disagreed', 'undecided'],
    meaning: '`undecided`: it came to no label, or found no room',
  },
  of: { from: ['team', 'policy'], meaning: 'whose limit it is' },
  name: { from: 'configuration', meaning: 'name of the team or policy that has the limit' },
  per: { from: ['minute', 'day', 'month'], meaning: 'period of the limit, in UTC' },
  limit: { from: ['money', 'tokens', 'requests', 'items'], meaning: 'what is limited' },
  work: { from: [...TASKS, 'batch', 'response'], meaning: 'kind of feedback, batch or background response' },
  job_state: { from: JOB_STATES, meaning: 'how the job stands, see docs/jobs.md' },
  delivery: {
    from: ['delivered', 'failed', 'given_up'],
    meaning: '`failed` is tried again, `given_up` is not',
  },
  where: { from: ['running', 'waiting'], meaning: 'being worked on, or waiting inside the engine' },
  reload: { from: ['ok', 'refused'], meaning: 'taken over, or the one before stays' },
} as const satisfies Record<string, { readonly from: string | readonly string[]; readonly meaning: string }>;

export type LabelName = keyof typeof LABELS;
/** A value of a label with a fixed list. */
export type ValueOf<Label extends LabelName> = (typeof LABELS)[Label]['from'][number];

const LATENCY = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120] as const;
const WAIT = [0.001, 0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60] as const;
const OVERHEAD = [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5] as const;
const SHARE = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1] as const;
const SPENT_ON = ['team', 'task', 'policy', 'tier'] as const;

const verdicts = {
  assay_verdicts_total: counter('Verdicts given.', 'count', [...SPENT_ON, 'outcome', 'cached']),
  assay_cost_dollars_total: counter('What judging cost, by what it was for.', 'dollars', [
    ...SPENT_ON,
    'component',
  ]),
  assay_tokens_total: counter('Tokens of judges for verdicts, without shadow and audit.', 'tokens', [
    'team',
    'policy',
    'tier',
    'direction',
  ]),
  assay_judgments_total: counter('Verdicts for which a tier was asked.', 'count', ['policy', 'tier']),
  assay_escalations_total: counter('Items that a tier passed on to the next one.', 'count', [
    'policy',
    'tier',
    'reason',
  ]),
  assay_verdict_duration_seconds: histogram(
    'Time from an item to its verdict.',
    'seconds',
    ['task', 'policy', 'cached'],
    LATENCY,
  ),
  assay_policy_tier_info: gauge('1 for each tier of a policy: which of them is the reference.', 'info', [
    'policy',
    'tier',
    'role',
  ]),
} as const;

const quality = {
  assay_confidence: histogram('Confidence of the deciding judgment.', 'ratio', ['policy', 'tier'], SHARE),
  assay_difficulty: histogram('Difficulty as estimated before any call.', 'ratio', ['policy'], SHARE),
  assay_order_pairs_total: counter(
    'Deciding judgments in both orders, by whether they agree: position bias.',
    'count',
    ['policy', 'tier', 'consistent'],
  ),
  assay_lanes: gauge('Strata of a team and policy by what small judges may decide there.', 'count', [
    'team',
    'policy',
    'state',
  ]),
  assay_certificate_events_total: counter('What happened to certificates.', 'count', ['policy', 'event']),
  assay_audits_total: counter(
    'Labels released under a certificate that the reference judged again.',
    'count',
    ['team', 'policy', 'result'],
  ),
  assay_canary_judged_total: counter('Labels of canary pairs, by their gold labels.', 'count', [
    'policy',
    'result',
  ]),
  assay_audits_dropped_total: counter('Audits that were dropped because too many waited.', 'count', []),
  assay_agreement_ratio: gauge(
    'Agreement of audited labels with the reference, since the certificates in force.',
    'ratio',
    ['team', 'policy', 'bound'],
  ),
  assay_agreement_target_ratio: gauge('Agreement that the policy promises.', 'ratio', ['policy']),
} as const;

const engines = {
  assay_engine_calls_total: counter(
    'Engine calls that ended, failed attempts and hedges included.',
    'count',
    ['engine', 'question', 'code'],
  ),
  assay_engine_call_duration_seconds: histogram(
    'Time of an engine call that was answered.',
    'seconds',
    ['engine', 'question'],
    LATENCY,
  ),
  assay_engine_first_token_seconds: histogram(
    'Time to the first token of an engine call.',
    'seconds',
    ['engine', 'question'],
    LATENCY,
  ),
  assay_engine_tokens_total: counter('Tokens of all engine calls, generations included.', 'tokens', [
    'engine',
    'direction',
  ]),
  assay_engine_cost_dollars_total: counter('Price of all engine calls, generations included.', 'dollars', [
    'engine',
  ]),
  assay_engine_busy_seconds_total: counter(
    'Time in which calls from here ran on replicas, shared out among them.',
    'seconds',
    ['engine'],
  ),
  assay_engine_retries_total: counter('Engine calls made because one before failed.', 'count', ['engine']),
  assay_engine_hedges_total: counter('Second calls made because the first was late.', 'count', ['engine']),
  assay_engine_info: gauge('1 for each engine: what it is.', 'info', [
    'engine',
    'kind',
    'model',
    'precision',
  ]),
  assay_replica_ready: gauge('1 when the replica takes calls.', 'count', ['engine', 'replica']),
  assay_replica_in_flight: gauge('Calls from here that are out.', 'count', ['engine', 'replica']),
  assay_replica_limit: gauge('Calls that the replica is trusted with at once.', 'count', [
    'engine',
    'replica',
  ]),
  assay_replica_breaker: gauge('1 for the state that the breaker is in.', 'count', [
    'engine',
    'replica',
    'breaker',
  ]),
  assay_replica_ejected: gauge('1 while the replica is out for failing again and again.', 'count', [
    'engine',
    'replica',
  ]),
  assay_replica_draining: gauge('1 while an operator keeps the replica out.', 'count', ['engine', 'replica']),
  assay_replica_reported_requests: gauge(
    'Requests there as the engine itself says, whoever sent them.',
    'count',
    ['engine', 'replica', 'where'],
  ),
  assay_replica_kv_cache_ratio: gauge('Share of the KV cache in use, as the engine itself says.', 'ratio', [
    'engine',
    'replica',
  ]),
} as const;

const cache = {
  assay_cache_entries: gauge('Labels in the memory of this gateway.', 'count', []),
  assay_cache_bytes: gauge('Memory that they take, by estimate.', 'bytes', []),
  assay_cache_limit_bytes: gauge('Memory that they may take.', 'bytes', []),
  assay_cache_evictions_total: counter(
    'Labels that had to leave the memory for others before their time.',
    'count',
    [],
  ),
  assay_cache_redis_state: gauge('1 for the state that Redis is in; absent without Redis.', 'count', [
    'redis',
  ]),
  assay_cache_redis_total: counter('What came of reads and writes of Redis.', 'count', ['answer']),
  assay_cache_rechecks_total: counter(
    'Labels that were given again and judged anew, by what came of it.',
    'count',
    ['recheck'],
  ),
} as const;

const queue = {
  assay_queue_waiting: gauge('Calls that wait for their turn at an engine.', 'count', [
    'engine',
    'class',
    'team',
  ]),
  assay_queue_oldest_seconds: gauge('Age of the call that waits longest.', 'seconds', ['engine', 'class']),
  assay_queue_running: gauge('Calls that have a place at the engine.', 'count', ['engine']),
  assay_queue_capacity: gauge('Places at the engine; absent while no replica takes calls.', 'count', [
    'engine',
  ]),
  assay_queue_wait_seconds: histogram(
    "Time that a judge's call waited for its turn.",
    'seconds',
    ['engine'],
    WAIT,
  ),
  assay_coalesced_questions: histogram(
    'Questions in the engine call that answered a question; 1 is alone.',
    'count',
    ['engine'],
    [1, 2, 4, 8, 16, 32, 64],
  ),
} as const;

const budgets = {
  assay_budget_level_ratio: gauge(
    "Balance over one period's money: 1 all saved up, 0 on pace, -1 all owed.",
    'ratio',
    ['policy'],
  ),
  assay_budget_dollars_per_second: gauge('Money that comes in for the last tier.', 'dollars', ['policy']),
} as const;

const limits = {
  assay_limit_dollars: gauge('Money of a period.', 'dollars', ['of', 'name', 'per']),
  assay_limit_used_dollars: gauge(
    'Part of it that is spent, by all gateways as far as this one knows.',
    'dollars',
    ['of', 'name', 'per'],
  ),
  assay_limit_reserved_dollars: gauge('Money set aside here for calls under way.', 'dollars', [
    'of',
    'name',
    'per',
  ]),
  assay_limit_leased_dollars: gauge(
    'Money that this gateway may spend without asking the store, with what is set aside.',
    'dollars',
    ['of', 'name', 'per'],
  ),
  assay_limit_exhausted_seconds: gauge(
    "Time until the money is used up at the period's pace so far; absent when it will last.",
    'seconds',
    ['of', 'name', 'per'],
  ),
  assay_limit_minute_ratio: gauge('Used part of what a minute allows.', 'ratio', ['of', 'name', 'limit']),
  assay_limit_refusals_total: counter('Calls, requests and items that a limit refused.', 'count', [
    'of',
    'name',
    'limit',
  ]),
  assay_items_limit: gauge('Items that may be under way at once.', 'count', ['of', 'name']),
  assay_items_under_way: gauge('Items under way, where they have a limit.', 'count', ['of', 'name']),
  assay_items_waiting: gauge('Items that wait for that limit.', 'count', ['of', 'name']),
} as const;

const jobs = {
  assay_jobs: gauge('Jobs and batches in the store, those that ended as long as they are kept.', 'count', [
    'work',
    'job_state',
  ]),
  assay_job_items_waiting: gauge('Items of open jobs without an end.', 'count', ['work']),
  assay_job_items_total: counter('Items of jobs and lines of batches that got their end here.', 'count', [
    'outcome',
  ]),
  assay_job_shards_leased: gauge('Shards of jobs that some gateway works on.', 'count', []),
  assay_job_oldest_seconds: gauge(
    'Age of the oldest job with a shard that nobody works on; 0 without one.',
    'seconds',
    [],
  ),
  assay_webhook_deliveries_total: counter('Tries to deliver a webhook message.', 'count', ['delivery']),
  assay_webhook_waiting: gauge('Webhook messages that are still to be delivered.', 'count', []),
  assay_webhook_oldest_seconds: gauge('Age of the oldest of them; 0 without one.', 'seconds', []),
} as const;

const http = {
  assay_http_requests_total: counter('Requests answered.', 'count', ['route', 'status']),
  assay_http_request_duration_seconds: histogram(
    'Time from the head of a request to the end of its answer.',
    'seconds',
    ['route'],
    LATENCY,
  ),
  assay_http_overhead_seconds: histogram(
    'Part of it in which the request neither was at an engine nor waited for its turn there.',
    'seconds',
    ['route'],
    OVERHEAD,
  ),
  assay_http_in_flight: gauge('Requests under way.', 'count', []),
} as const;

const gateway = {
  assay_process_cpu_seconds_total: counter('Processor time of this process.', 'seconds', []),
  assay_process_resident_bytes: gauge('Memory of this process.', 'bytes', []),
  assay_process_heap_bytes: gauge('Part of it that JavaScript objects take.', 'bytes', []),
  assay_process_start_time_seconds: gauge('When it started, in seconds since 1970.', 'seconds', []),
  assay_event_loop_delay_seconds: gauge(
    'How late timers were since the last scrape: near 0 while there is time left.',
    'seconds',
    ['quantile'],
  ),
  assay_event_loop_busy_ratio: gauge(
    'Share of the time since the last scrape in which code ran.',
    'ratio',
    [],
  ),
  assay_build_info: gauge('1: this program.', 'info', ['version']),
  assay_config_reloads_total: counter('Times that the configuration was read again.', 'count', ['reload']),
  assay_metrics_series_dropped_total: counter(
    'Figures counted under `other` because their metric had as many series as allowed.',
    'count',
    ['metric'],
  ),
} as const;

/** The rows by the sections of the reference page. */
export const METRIC_SECTIONS = {
  'Verdicts and cost': verdicts,
  Quality: quality,
  Engines: engines,
  Cache: cache,
  'Queue and coalescing': queue,
  Budgets: budgets,
  'Limits of teams and policies': limits,
  Jobs: jobs,
  HTTP: http,
  Gateway: gateway,
} as const satisfies Record<string, Record<string, MetricRow>>;

export const METRICS = {
  ...verdicts,
  ...quality,
  ...engines,
  ...cache,
  ...queue,
  ...budgets,
  ...limits,
  ...jobs,
  ...http,
  ...gateway,
} as const;

type Metrics = typeof METRICS;
export type MetricName = keyof Metrics;
export type MetricNameOf<Type extends MetricRow['type']> = {
  [Name in MetricName]: Metrics[Name]['type'] extends Type ? Name : never;
}[MetricName];
/** The values of a metric's labels; none may be left out. */
export type LabelsOf<Name extends MetricName> = {
  readonly [Label in Metrics[Name]['labels'][number]]: string;
};

function counter<const L extends readonly LabelName[]>(help: string, unit: MetricUnit, labels: L) {
  return { type: 'counter', help, unit, labels } as const;
}

function gauge<const L extends readonly LabelName[]>(help: string, unit: MetricUnit, labels: L) {
  return { type: 'gauge', help, unit, labels } as const;
}

function histogram<const L extends readonly LabelName[]>(
  ...[help, unit, labels, buckets]: [string, MetricUnit, L, readonly number[]]
) {
  return { type: 'histogram', help, unit, labels, buckets } as const;
}
