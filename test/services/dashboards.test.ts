import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { createProgram } from '../../src/compose.ts';
import type { RunningGateway } from '../../src/contracts/program.ts';
import type { RunningSimulator } from '../../src/contracts/simulator.ts';
import { startSimulator } from '../../src/engines/simulator/simulator.ts';
import { type PrometheusProcess, startPrometheus } from '../fakes/prometheus-process.ts';
import { quickSimulator } from '../fakes/quick-simulator.ts';
import { ALERTS } from '../tools/alerts.ts';
import { DASHBOARDS } from '../tools/dashboards/all.ts';

const RULES = join(import.meta.dirname, '../../deploy/prometheus');

/** Every query of every panel at a real Prometheus that has scraped a gateway under load. */
describe('dashboards and alert rules', () => {
  const folder = mkdtempSync(join(tmpdir(), 'assay-dashboards-'));
  let engines: RunningSimulator[] = [];
  let gateway: RunningGateway;
  let prometheus: PrometheusProcess;
  let asked = 0;

  beforeAll(async () => {
    engines = await Promise.all([
      startSimulator(quickSimulator('small', 1)),
      startSimulator(quickSimulator('large', 0.1)),
    ]);
    const path = join(folder, 'assay.yaml');
    const canary = { prompt: 'canary', candidates: ['one answer', 'another'], gold: 'a' };
    writeFileSync(join(folder, 'canaries.jsonl'), JSON.stringify(canary));
    writeFileSync(
      path,
      stringify(
        configOf(
          engines.map(({ url }) => url),
          join(folder, 'ledger'),
        ),
      ),
    );
    gateway = await createProgram({}).serve({ source: { type: 'file', path }, port: 0, log: false });
    await gateway.ready(20_000);
    const target = new URL(gateway.metricsUrl ?? '').host;
    prometheus = await startPrometheus(target, join(RULES, 'assay-rules.yaml'));
    await job(40);
    // Rates need some scrapes while figures grow.
    while ((await scrapes()) < 12 || !(await prometheus.query('assay_jobs{job_state="completed"}')).length)
      await Promise.all([load('default', 20), load('proven', 60)]);
  });
  afterAll(async () => {
    await prometheus[Symbol.asyncDispose]();
    await gateway.close();
    await Promise.all(engines.map((engine) => engine.close()));
    rmSync(folder, { recursive: true });
  });

  const scrapes = async (): Promise<number> =>
    (await prometheus.query('count_over_time(assay_build_info[1m])'))[0]?.value ?? 0;
  const job = async (count: number): Promise<void> => {
    const lines = Array.from({ length: count }, (_, n) =>
      JSON.stringify({ prompt: `job ${n}`, candidates: ['one', `two ${n}`] }),
    );
    const reply = await fetch(`${gateway.url}/v1/feedback/jobs?policy=default`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: lines.join('\n'),
    });
    expect(reply.status).toBe(202);
  };
  const load = async (policy: string, count: number): Promise<void> => {
    const items = Array.from({ length: count }, () => {
      asked += 1;
      return { prompt: `question ${asked}`, candidates: [`an answer to ${asked}`, `another answer`] };
    });
    // Twice the same: some labels come out of the cache.
    for (const each of [items, items.slice(0, 5)]) {
      const reply = await fetch(`${gateway.url}/v1/feedback/preferences`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ policy, items: each }),
      });
      expect(reply.status).toBe(200);
    }
  };

  const panels = Object.values(DASHBOARDS).flatMap(({ title, rows }) =>
    rows.flatMap((row) => row.panels.map((panel) => ({ name: `${title}: ${panel.title}`, panel }))),
  );

  it.each(panels)('$name', async ({ panel }) => {
    for (const { expr, sparse = false } of panel.queries) {
      const series = await prometheus.query(filled(expr));
      const isShown = sparse || series.some(({ value }) => Number.isFinite(value));
      expect({ expr, isShown }).toEqual({ expr, isShown: true });
    }
  });

  it('has rules that a real Prometheus takes and evaluates', async () => {
    await expect
      .poll(async () => (await prometheus.rules()).filter(({ health }) => health === 'ok').length)
      .toBe(ALERTS.length);
  });

  it('has rules that alert when they should, and only then', () => {
    const output = execFileSync('promtool', ['test', 'rules', join(RULES, 'assay-rules.test.yaml')]);
    expect(output.toString()).toContain('SUCCESS');
  });
});

/** A query as Grafana would send it with everything picked. */
function filled(expr: string): string {
  return expr.replaceAll(/\$(team|policy|engine)/g, '.*').replaceAll('$__rate_interval', '10s');
}

function configOf([small, large]: readonly string[], folder: string): unknown {
  const engine = (url: string | undefined, model: string, usd: number) => ({
    kind: 'openai',
    flavour: 'vllm',
    replicas: [url],
    model,
    cost: { inputPerMtokUsd: usd, outputPerMtokUsd: usd },
  });
  const budget = { usd: 100, per: 'hour', errorUsd: 0.001, whenOver: 'release' };
  return {
    storage: { kind: 'embedded', directory: folder },
    metrics: { port: 0 },
    engines: { small: engine(small, 'small', 0.05), large: engine(large, 'large', 1) },
    judges: { quick: { engine: 'small' }, strict: { engine: 'large' } },
    policies: {
      default: {
        tiers: ['quick', 'strict'],
        acceptAt: 0.9,
        abstainBelow: 0.5,
        limits: { usdPerDay: 50, tokensPerMinute: 1e9, concurrentItems: 1000 },
      },
      proven: {
        tiers: ['quick', 'strict'],
        target: { agreement: 0.9 },
        audit: { share: 0.2 },
        budget,
        canaries: { file: 'canaries.jsonl', share: 0.05 },
      },
    },
  };
}
