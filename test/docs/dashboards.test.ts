import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { METRICS } from '../../src/domain/metrics.ts';
import { ALERTS } from '../tools/alerts.ts';
import { DASHBOARDS } from '../tools/dashboards/all.ts';

const queries = Object.values(DASHBOARDS).flatMap(({ rows }) =>
  rows.flatMap((row) => row.panels.flatMap((panel) => panel.queries.map(({ expr }) => expr))),
);

/** `test/services` runs the queries at a real Prometheus; what can be known without one is here. */
describe('dashboards, alerts and runbooks', () => {
  it('ask only for metrics and labels that there are', () => {
    const problems = [...queries, ...ALERTS.map(({ expr }) => expr)].flatMap(problemsOf);
    expect(problems).toEqual([]);
  });

  it('show every metric somewhere', () => {
    const shown = new Set([...queries, ...ALERTS.map(({ expr }) => expr)].flatMap(metricsOf));
    const hidden = Object.keys(METRICS).filter((name) => !shown.has(name));
    // When a process started is only of use beside its other figures.
    expect(hidden).toEqual(['assay_process_start_time_seconds']);
  });

  it('have a runbook entry for each alert, and no other', () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/runbooks.md'), 'utf8');
    const entries = [...page.matchAll(/^## (\w+)$/gm)].map(([, name]) => name);
    expect(entries).toEqual(ALERTS.map(({ name }) => name));
  });

  it('knows a metric that is none, and a label that a metric has not', () => {
    expect(problemsOf('sum(assay_labels_total)')).toEqual(['assay_labels_total: no such metric']);
    expect(problemsOf('assay_replica_ready{team="x"}')).toEqual(['assay_replica_ready: no label team']);
    expect(problemsOf('rate(assay_confidence_bucket{policy="a"}[5m])')).toEqual([]);
  });
});

const SELECTOR = /\b(assay_[a-z_]+)(?:\{([^}]*)\})?/g;
const HISTOGRAM_PART = /_(bucket|sum|count)$/;

function metricsOf(expr: string): string[] {
  return [...expr.matchAll(SELECTOR)].map(([, name = '']) =>
    name in METRICS ? name : name.replace(HISTOGRAM_PART, ''),
  );
}

function problemsOf(expr: string): string[] {
  return [...expr.matchAll(SELECTOR)].flatMap(([, written = '', matchers = '']) => {
    const name = written in METRICS ? written : written.replace(HISTOGRAM_PART, '');
    const row = Object.entries(METRICS).find(([known]) => known === name)?.[1];
    if (row === undefined) return [`${written}: no such metric`];
    const labels: readonly string[] = row.labels;
    return [...matchers.matchAll(/(\w+)\s*[=!]/g)]
      .map(([, label = '']) => label)
      .filter((label) => !labels.includes(label))
      .map((label) => `${name}: no label ${label}`);
  });
}
