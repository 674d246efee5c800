import { stringify } from 'yaml';

/** One alert: what is wrong, for how long, how bad, and in one sentence what it means. */
export interface AlertPlan {
  readonly name: string;
  readonly expr: string;
  readonly for: string;
  readonly severity: 'critical' | 'warning';
  readonly summary: string;
}

const FAILED = 'engine_failed|timed_out|unparseable|refused|truncated';
const PER = 'policy, team';
const CANARIES = 'sum by (policy) (increase(assay_canary_judged_total[1d]))';
const MISSED = 'sum by (policy) (increase(assay_canary_judged_total{result="disagreed"}[1d]))';

export const ALERTS: readonly AlertPlan[] = [
  {
    name: 'AssayAbsent',
    expr: 'absent(assay_build_info)',
    for: '5m',
    severity: 'critical',
    summary: 'No gateway tells its figures.',
  },
  {
    name: 'AssayEngineDown',
    expr: 'sum by (instance, engine) (assay_replica_ready) == 0',
    for: '1m',
    severity: 'critical',
    summary: 'No replica of {{ $labels.engine }} takes calls.',
  },
  {
    name: 'AssayBreakerOpen',
    expr: 'assay_replica_breaker{breaker="open"} == 1',
    for: '5m',
    severity: 'warning',
    summary: 'The breaker of {{ $labels.replica }} has been open for minutes.',
  },
  {
    name: 'AssayEngineErrors',
    expr: 'sum by (engine) (rate(assay_engine_calls_total{code!~"ok|cancelled"}[5m])) / sum by (engine) (rate(assay_engine_calls_total[5m])) > 0.05',
    for: '10m',
    severity: 'warning',
    summary: '{{ $value | humanizePercentage }} of the calls of {{ $labels.engine }} fail.',
  },
  {
    name: 'AssayLabelsFailing',
    expr: `sum by (${PER}) (rate(assay_verdicts_total{outcome=~"${FAILED}"}[5m])) / sum by (${PER}) (rate(assay_verdicts_total[5m])) > 0.05`,
    for: '10m',
    severity: 'critical',
    summary:
      '{{ $value | humanizePercentage }} of the items of {{ $labels.team }} ({{ $labels.policy }}) end without a label.',
  },
  {
    name: 'AssayCertificateWithdrawn',
    expr: 'increase(assay_certificate_events_total{event="withdrawn"}[15m]) > 0',
    for: '0m',
    severity: 'warning',
    summary: 'A certificate of {{ $labels.policy }} was withdrawn: its items go to the reference again.',
  },
  {
    name: 'AssayDrift',
    expr: 'increase(assay_certificate_events_total{event="alarm"}[15m]) > 0',
    for: '0m',
    severity: 'warning',
    summary: 'Something drifted under a certificate of {{ $labels.policy }}.',
  },
  {
    name: 'AssayAgreementBelowTarget',
    expr: 'assay_agreement_ratio{bound="high"} < on (instance, policy) group_left () assay_agreement_target_ratio',
    for: '15m',
    severity: 'critical',
    summary: 'Audits say that labels of {{ $labels.team }} ({{ $labels.policy }}) agree less than promised.',
  },
  {
    name: 'AssayCanariesBelowTarget',
    expr: `(${CANARIES} - ${MISSED} + 3 * sqrt((${CANARIES} - ${MISSED}) * ${MISSED} / ${CANARIES})) / ${CANARIES} < on (policy) max by (policy) (assay_agreement_target_ratio) and on (policy) ${CANARIES} >= 50`,
    for: '15m',
    severity: 'warning',
    summary: 'Labels of canary pairs agree less with their gold labels than {{ $labels.policy }} promises.',
  },
  {
    name: 'AssayPositionBias',
    expr: 'sum by (policy, tier) (rate(assay_order_pairs_total{consistent="no"}[30m])) / sum by (policy, tier) (rate(assay_order_pairs_total[30m])) > 0.3',
    for: '30m',
    severity: 'warning',
    summary: '{{ $labels.tier }} changes {{ $value | humanizePercentage }} of its judgments with the order.',
  },
  {
    name: 'AssayBudgetOwed',
    expr: 'assay_budget_level_ratio < -0.9',
    for: '5m',
    severity: 'warning',
    summary: 'The budget of {{ $labels.policy }} is nearly one period in debt: items end as its rule says.',
  },
  {
    name: 'AssayCostPerLabelRising',
    expr: '(sum by (policy) (rate(assay_cost_dollars_total[1h])) / sum by (policy) (rate(assay_verdicts_total{outcome=~"ok|tie"}[1h]))) > 2 * (sum by (policy) (rate(assay_cost_dollars_total[1h] offset 1d)) / sum by (policy) (rate(assay_verdicts_total{outcome=~"ok|tie"}[1h] offset 1d)))',
    for: '30m',
    severity: 'warning',
    summary: 'A label of {{ $labels.policy }} costs twice what it did a day ago.',
  },
  {
    name: 'AssayBudgetNearlySpent',
    expr: 'max by (of, name, per) (assay_limit_used_dollars / assay_limit_dollars) > 0.9',
    for: '1m',
    severity: 'warning',
    summary:
      '{{ $value | humanizePercentage }} of the money of the {{ $labels.of }} {{ $labels.name }} for this {{ $labels.per }} is spent.',
  },
  {
    name: 'AssayJobStalled',
    expr: 'max(sum by (instance) (assay_jobs{job_state=~"queued|running|stopping"})) > 0 and on () sum(increase(assay_job_items_total[10m])) == 0',
    for: '5m',
    severity: 'warning',
    summary: 'Jobs are open, and no item of any got its end for ten minutes.',
  },
  {
    name: 'AssayWebhookFailing',
    expr: 'max(assay_webhook_oldest_seconds) > 1800 or sum(increase(assay_webhook_deliveries_total{delivery="given_up"}[15m])) > 0',
    for: '1m',
    severity: 'warning',
    summary: 'Webhook messages do not arrive: the oldest waits for half an hour, or some were given up.',
  },
  {
    name: 'AssayQueueSlow',
    expr: 'max by (engine, class) (assay_queue_oldest_seconds{class=~"interactive|trainer"}) > 10',
    for: '5m',
    severity: 'warning',
    summary: '{{ $labels.class }} calls wait more than 10 s for {{ $labels.engine }}.',
  },
  {
    name: 'AssayHttpErrors',
    expr: 'sum(rate(assay_http_requests_total{status=~"5.."}[5m])) / sum(rate(assay_http_requests_total[5m])) > 0.01',
    for: '10m',
    severity: 'warning',
    summary: '{{ $value | humanizePercentage }} of the requests are answered with a status of 5xx.',
  },
  {
    name: 'AssayGatewayBusy',
    expr: 'assay_event_loop_busy_ratio > 0.9',
    for: '10m',
    severity: 'warning',
    summary: '{{ $labels.instance }} has no time left: add gateways.',
  },
  {
    name: 'AssayReloadRefused',
    expr: 'increase(assay_config_reloads_total{reload="refused"}[10m]) > 0',
    for: '0m',
    severity: 'warning',
    summary: '{{ $labels.instance }} refused a configuration and goes on with the one before.',
  },
  {
    name: 'AssaySeriesDropped',
    expr: 'assay_metrics_series_dropped_total > 0',
    for: '0m',
    severity: 'warning',
    summary: '{{ $labels.metric }} has as many series as allowed: the rest is under other.',
  },
];

const RUNBOOKS = 'docs/runbooks.md';

/** The rules as Prometheus reads them. */
export function alertRules(): string {
  const rules = ALERTS.map(({ name, expr, for: time, severity, summary }) => ({
    alert: name,
    expr,
    for: time,
    labels: { severity },
    annotations: { summary, runbook: `${RUNBOOKS}#${name.toLowerCase()}` },
  }));
  const head = '# Made from test/tools/alerts.ts by `npm run docs`.\n';
  return head + stringify({ groups: [{ name: 'assay', rules }] }, { lineWidth: 0 });
}
