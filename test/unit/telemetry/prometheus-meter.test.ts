import { describe, expect, it } from 'vitest';
import { METRICS } from '../../../src/domain/metrics.ts';
import { createPrometheusMeter } from '../../../src/telemetry/prometheus-meter.ts';
import { samplesOf, sumOf } from '../../fakes/exposition.ts';

const TEAMS = new Set(['red', 'blue', 'green', 'grey']);

function registry(seriesPerMetric?: number) {
  const known = (label: string, value: string): boolean => label !== 'team' || TEAMS.has(value);
  return createPrometheusMeter(seriesPerMetric === undefined ? { known } : { known, seriesPerMetric });
}

describe('the figures of a gateway', () => {
  it('counts by labels, each series from its first moment', async () => {
    const meter = registry();
    const audits = meter.counter('assay_audits_total');
    audits.of({ team: 'red', policy: 'default', result: 'agreed' }).add();
    audits.of({ team: 'red', policy: 'default', result: 'agreed' }).add(2);
    audits.of({ team: 'blue', policy: 'default', result: 'disagreed' });
    const samples = samplesOf(await meter.text()).filter(({ name }) => name === 'assay_audits_total');
    expect(samples).toEqual([
      { name: 'assay_audits_total', labels: { team: 'red', policy: 'default', result: 'agreed' }, value: 3 },
      {
        name: 'assay_audits_total',
        labels: { team: 'blue', policy: 'default', result: 'disagreed' },
        value: 0,
      },
    ]);
  });

  it('gives every asker of one metric the same series', async () => {
    const meter = registry();
    meter.counter('assay_engine_retries_total').of({ engine: 'small' }).add();
    meter.counter('assay_engine_retries_total').of({ engine: 'small' }).add();
    expect(sumOf(samplesOf(await meter.text()), 'assay_engine_retries_total', { engine: 'small' })).toBe(2);
  });

  it('puts what is configured nowhere, and values beside a fixed list, under other', async () => {
    const meter = registry();
    const audits = meter.counter('assay_audits_total');
    audits.of({ team: 'nobody knows', policy: 'default', result: 'agreed' }).add();
    audits.of({ team: 'nor this', policy: 'default', result: 'agreed' }).add();
    audits.of({ team: 'red', policy: 'default', result: 'perhaps' }).add();
    const samples = samplesOf(await meter.text());
    expect(sumOf(samples, 'assay_audits_total', { team: 'other', result: 'agreed' })).toBe(2);
    expect(sumOf(samples, 'assay_audits_total', { team: 'red', result: 'other' })).toBe(1);
    expect(samples.filter(({ name }) => name === 'assay_audits_total')).toHaveLength(2);
  });

  it('makes no more series than allowed, loses no count, and says so', async () => {
    const meter = registry(2);
    const audits = meter.counter('assay_audits_total');
    for (const team of ['red', 'blue', 'green', 'grey', 'green']) {
      audits.of({ team, policy: 'default', result: 'agreed' }).add();
    }
    const samples = samplesOf(await meter.text());
    expect(sumOf(samples, 'assay_audits_total')).toBe(5);
    expect(sumOf(samples, 'assay_audits_total', { team: 'other', policy: 'other', result: 'agreed' })).toBe(
      3,
    );
    expect(sumOf(samples, 'assay_metrics_series_dropped_total', { metric: 'assay_audits_total' })).toBe(3);
  });

  it('reads gauges when it is asked, from all who have some, and forgets what is gone', async () => {
    const meter = registry();
    let replicas = ['a/0', 'a/1'];
    const takeBack = meter.read('assay_replica_ready', () =>
      replicas.map((replica) => ({ labels: { engine: 'a', replica }, value: 1 })),
    );
    meter.read('assay_replica_ready', () => [{ labels: { engine: 'b', replica: 'b/0' }, value: 0 }]);
    const names = async () =>
      samplesOf(await meter.text())
        .filter(({ name }) => name === 'assay_replica_ready')
        .map(({ labels, value }) => `${labels['replica']} ${value}`);
    expect(await names()).toEqual(['a/0 1', 'a/1 1', 'b/0 0']);
    replicas = ['a/1'];
    expect(await names()).toEqual(['a/1 1', 'b/0 0']);
    takeBack();
    expect(await names()).toEqual(['b/0 0']);
  });

  it('has counts of two gateways of one process apart', async () => {
    const [one, two] = [registry(), registry()];
    one.counter('assay_engine_retries_total').of({ engine: 'small' }).add();
    expect(sumOf(samplesOf(await two.text()), 'assay_engine_retries_total')).toBe(0);
  });
});

describe('the metric table', () => {
  it('names things as Prometheus does', () => {
    for (const [name, { type, unit, help, labels }] of Object.entries(METRICS)) {
      expect(name).toMatch(/^assay_[a-z_]+$/);
      expect(help).toMatch(/[.:]$|\.$/);
      expect(name.endsWith('_total')).toBe(type === 'counter');
      expect(new Set(labels).size).toBe(labels.length);
      if (unit === 'dollars' || unit === 'seconds' || unit === 'bytes' || unit === 'ratio') {
        const word = unit === 'ratio' ? /_ratio|confidence|difficulty/ : new RegExp(`_${unit}`);
        expect(name).toMatch(word);
      }
    }
  });
});
