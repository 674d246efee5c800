import { describe, expect, it } from 'vitest';
import { METRICS } from '../../src/domain/metrics.ts';

/** Dashboards and alerts of others stand on these names: a change here is a change of the interface. */
describe('the names of metrics', () => {
  it('are these, with these labels', () => {
    const lines = Object.entries(METRICS).map(
      ([name, { type, labels }]) => `${type} ${name}(${labels.join(' ')})`,
    );
    expect(lines).toEqual([
      'counter assay_verdicts_total(team task policy tier outcome cached)',
      'counter assay_cost_dollars_total(team task policy tier component)',
      'counter assay_tokens_total(team policy tier direction)',
      'counter assay_judgments_total(policy tier)',
      'counter assay_escalations_total(policy tier reason)',
      'histogram assay_verdict_duration_seconds(task policy cached)',
      'gauge assay_policy_tier_info(policy tier role)',
      'histogram assay_confidence(policy tier)',
      'histogram assay_difficulty(policy)',
      'counter assay_order_pairs_total(policy tier consistent)',
      'gauge assay_lanes(team policy state)',
      'counter assay_certificate_events_total(policy event)',
      'counter assay_audits_total(team policy result)',
      'counter assay_audits_dropped_total()',
      'gauge assay_agreement_ratio(team policy bound)',
      'gauge assay_agreement_target_ratio(policy)',
      'counter assay_engine_calls_total(engine question code)',
      'histogram assay_engine_call_duration_seconds(engine question)',
      'histogram assay_engine_first_token_seconds(engine question)',
      'counter assay_engine_tokens_total(engine direction)',
      'counter assay_engine_cost_dollars_total(engine)',
      'counter assay_engine_busy_seconds_total(engine)',
      'counter assay_engine_retries_total(engine)',
      'counter assay_engine_hedges_total(engine)',
      'gauge assay_engine_info(engine kind model precision)',
      'gauge assay_replica_ready(engine replica)',
      'gauge assay_replica_in_flight(engine replica)',
      'gauge assay_replica_limit(engine replica)',
      'gauge assay_replica_breaker(engine replica breaker)',
      'gauge assay_replica_ejected(engine replica)',
      'gauge assay_replica_draining(engine replica)',
      'gauge assay_replica_reported_requests(engine replica where)',
      'gauge assay_replica_kv_cache_ratio(engine replica)',
      'gauge assay_budget_level_ratio(policy)',
      'gauge assay_budget_dollars_per_second(policy)',
      'counter assay_http_requests_total(route status)',
      'histogram assay_http_request_duration_seconds(route)',
      'histogram assay_http_overhead_seconds(route)',
      'gauge assay_http_in_flight()',
      'counter assay_process_cpu_seconds_total()',
      'gauge assay_process_resident_bytes()',
      'gauge assay_process_heap_bytes()',
      'gauge assay_process_start_time_seconds()',
      'gauge assay_event_loop_delay_seconds(quantile)',
      'gauge assay_event_loop_busy_ratio()',
      'gauge assay_build_info(version)',
      'counter assay_config_reloads_total(reload)',
      'counter assay_metrics_series_dropped_total(metric)',
    ]);
  });
});
