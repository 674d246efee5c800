import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { createProgram } from '../../src/compose.ts';
import type { RunningGateway } from '../../src/contracts/program.ts';
import type { RunningSimulator } from '../../src/contracts/simulator.ts';
import { startSimulator } from '../../src/engines/simulator/simulator.ts';
import { type Sample, samplesOf, sumOf } from '../fakes/exposition.ts';
import { quickSimulator } from '../fakes/quick-simulator.ts';

const keyOf = (id: string): string => `assay_${id}_${'x'.repeat(32)}`;
const keys = (id: string) => [{ id, sha256: createHash('sha256').update(keyOf(id)).digest('hex') }];

/** A gateway with two teams, a cascade and a policy with a target; figures are read on all three ports. */
describe('the metrics of a gateway', () => {
  const folder = mkdtempSync(join(tmpdir(), 'assay-metrics-'));
  let engines: RunningSimulator[] = [];
  let gateway: RunningGateway;

  beforeAll(async () => {
    engines = await Promise.all([
      startSimulator(quickSimulator('small', 1)),
      startSimulator(quickSimulator('large', 0.1)),
    ]);
    const [small, large] = engines.map(({ url }) => url);
    const engine = (url: string | undefined, model: string, usd: number) => ({
      kind: 'openai',
      replicas: [url],
      model,
      cost: { inputPerMtokUsd: usd, outputPerMtokUsd: usd },
    });
    const path = join(folder, 'assay.yaml');
    writeFileSync(
      path,
      stringify({
        admin: { port: 0, keys: keys('ops') },
        metrics: { port: 0 },
        storage: { kind: 'none' },
        engines: { cheap: engine(small, 'small', 1), dear: engine(large, 'large', 10) },
        judges: { quick: { engine: 'cheap' }, strict: { engine: 'dear' } },
        policies: {
          default: { tiers: ['quick', 'strict'], acceptAt: 0.95 },
          proven: { tiers: ['quick', 'strict'], target: { agreement: 0.9 } },
        },
        teams: {
          red: { keys: keys('red'), limits: { usdPerDay: 5, tokensPerMinute: 1e6, concurrentItems: 3 } },
          blue: { keys: keys('blue') },
          green: { keys: keys('green'), limits: { requestsPerMinute: 0 } },
        },
      }),
    );
    gateway = await createProgram({}).serve({ source: { type: 'file', path }, port: 0, log: false });
    await gateway.ready(20_000);
  });
  afterAll(async () => {
    await gateway.close();
    await Promise.all(engines.map((each) => each.close()));
    rmSync(folder, { recursive: true });
  });

  const scrape = async (): Promise<Sample[]> =>
    samplesOf(await (await fetch(gateway.metricsUrl ?? '')).text());
  const judge = async (team: string, policy: string, items: readonly unknown[]): Promise<Response> =>
    fetch(`${gateway.url}/v1/feedback/preferences`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${keyOf(team)}` },
      body: JSON.stringify({ policy, items }),
    });
  const pairs = (team: string, count: number) =>
    Array.from({ length: count }, (_, i) => ({
      prompt: `What does ${team} ask in question ${i}?`,
      candidates: [`answer ${i}`, `reply ${i * 7}`],
    }));

  it('counts verdicts and their cost by team, policy and tier as the replies tell them', async () => {
    const before = await scrape();
    const reply = await judge('red', 'default', [
      ...pairs('red', 12),
      { prompt: '', candidates: ['only one'] },
    ]);
    const body = await reply.json();
    const head = Object.fromEntries(reply.headers);
    expect(head).toMatchObject({ 'x-assay-items': '13', 'x-assay-cached': '0' });
    expect(head['x-assay-tiers']).toMatch(/^(quick=\d+, )?strict=\d+(, quick=\d+)?$/);
    expect(head['x-assay-overhead-ms']).toMatch(/^\d+\.\d\d$/);
    const after = await scrape();
    const grown = (name: string, labels: Record<string, string>): number =>
      sumOf(after, name, labels) - sumOf(before, name, labels);
    const red = { team: 'red', policy: 'default', task: 'preference' };
    const { data, summary } = body as {
      data: { outcome: string; tier: string | null; trail: { tier: string }[] }[];
      summary: { items: number; failed: number; cost_usd: number };
    };
    expect(summary).toMatchObject({ items: 13, failed: 1 });
    expect(grown('assay_verdicts_total', red)).toBe(13);
    expect(grown('assay_verdicts_total', { ...red, outcome: 'invalid_item', tier: 'none' })).toBe(1);
    const byLarge = data.filter(({ tier }) => tier === 'strict').length;
    expect(byLarge).toBeGreaterThan(0);
    expect(grown('assay_verdicts_total', { ...red, tier: 'strict' })).toBe(byLarge);
    expect(grown('assay_escalations_total', { policy: 'default', tier: 'quick', reason: 'unsure' })).toBe(
      byLarge,
    );
    expect(grown('assay_judgments_total', { policy: 'default', tier: 'quick' })).toBe(12);
    expect(Number(head['x-assay-cost-usd'])).toBeCloseTo(summary.cost_usd, 12);
    expect(grown('assay_cost_dollars_total', red)).toBeCloseTo(summary.cost_usd, 12);
    expect(grown('assay_cost_dollars_total', { ...red, component: 'serve' })).toBeCloseTo(
      summary.cost_usd,
      12,
    );
    const calls = data.flatMap(({ trail }) => trail).length;
    expect(grown('assay_engine_calls_total', { question: 'label', code: 'ok' })).toBe(calls);
    expect(grown('assay_engine_first_token_seconds_count', {})).toBe(calls);
    expect(grown('assay_engine_cost_dollars_total', {})).toBeCloseTo(summary.cost_usd, 12);
    expect(grown('assay_queue_wait_seconds_count', {})).toBe(calls);
    expect(grown('assay_coalesced_questions_count', {})).toBe(calls);
    expect(grown('assay_confidence_count', { policy: 'default' })).toBe(12);
    expect(grown('assay_order_pairs_total', { policy: 'default' })).toBe(12);
    expect(sumOf(after, 'assay_verdicts_total', { team: 'blue' })).toBe(0);
  });

  it('tells how the limits of teams stand, and what they refused', async () => {
    const red = { of: 'team', name: 'red' };
    const before = await scrape();
    const reply = await judge('red', 'default', pairs('limited', 5));
    const { summary } = (await reply.json()) as { summary: { cost_usd: number } };
    expect((await judge('green', 'default', pairs('green', 1))).status).toBe(429);
    const after = await scrape();
    const grown = (name: string): number => sumOf(after, name, red) - sumOf(before, name, red);
    expect(sumOf(after, 'assay_limit_dollars', { ...red, per: 'day' })).toBe(5);
    expect(grown('assay_limit_used_dollars')).toBeCloseTo(summary.cost_usd, 9);
    expect(sumOf(after, 'assay_limit_reserved_dollars', red)).toBe(0);
    expect(sumOf(after, 'assay_limit_leased_dollars', red)).toBeGreaterThan(0);
    expect(sumOf(after, 'assay_limit_minute_ratio', { ...red, limit: 'tokens' })).toBeGreaterThan(0);
    expect(sumOf(after, 'assay_items_limit', red)).toBe(3);
    expect(sumOf(after, 'assay_items_under_way', red)).toBe(0);
    expect(sumOf(after, 'assay_items_waiting', red)).toBe(0);
    const green = { of: 'team', name: 'green', limit: 'requests' };
    expect(sumOf(after, 'assay_limit_refusals_total', green)).toBe(1);
    expect(
      after.some(({ name, labels }) => name.startsWith('assay_limit') && labels['name'] === 'blue'),
    ).toBe(false);
  });

  it('tells how a kept label came, without its price', async () => {
    const [pair] = pairs('blue', 1);
    await judge('blue', 'default', [pair]);
    const before = await scrape();
    await judge('blue', 'default', [pair, { ...pair, candidates: pair?.candidates.toReversed() }]);
    const after = await scrape();
    const blue = { team: 'blue', policy: 'default' };
    expect(sumOf(after, 'assay_verdicts_total', { ...blue, cached: 'exact' })).toBe(1);
    expect(sumOf(after, 'assay_verdicts_total', { ...blue, cached: 'flipped' })).toBe(1);
    expect(sumOf(after, 'assay_cost_dollars_total', blue)).toBe(
      sumOf(before, 'assay_cost_dollars_total', blue),
    );
    expect(sumOf(after, 'assay_judgments_total')).toBe(sumOf(before, 'assay_judgments_total'));
  });

  it('tells what was learned beyond replies: shadow cost, lanes, and why tiers were not asked', async () => {
    await judge('blue', 'proven', pairs('proven', 8));
    const shadow = { team: 'blue', policy: 'proven', tier: 'quick', component: 'shadow' };
    let samples = await scrape();
    while (sumOf(samples, 'assay_cost_dollars_total', shadow) === 0) samples = await scrape();
    expect(sumOf(samples, 'assay_lanes', { team: 'blue', policy: 'proven', state: 'cold' })).toBe(1);
    expect(sumOf(samples, 'assay_lanes', { team: 'blue', policy: 'proven', state: 'certified' })).toBe(0);
    expect(sumOf(samples, 'assay_escalations_total', { policy: 'proven', reason: 'not_asked' })).toBe(8);
    expect(sumOf(samples, 'assay_agreement_target_ratio', { policy: 'proven' })).toBe(0.9);
    expect(
      sumOf(samples, 'assay_policy_tier_info', { policy: 'proven', role: 'reference', tier: 'strict' }),
    ).toBe(1);
  });

  it('tells how engines, requests and the process are', async () => {
    await fetch(`${gateway.url}/no/such/path`);
    const samples = await scrape();
    expect(sumOf(samples, 'assay_queue_capacity', { engine: 'cheap' })).toBeGreaterThan(0);
    expect(sumOf(samples, 'assay_queue_running')).toBe(0);
    expect(sumOf(samples, 'assay_replica_ready', { engine: 'cheap', replica: 'cheap/0' })).toBe(1);
    expect(sumOf(samples, 'assay_replica_breaker', { replica: 'dear/0', breaker: 'closed' })).toBe(1);
    expect(sumOf(samples, 'assay_replica_breaker', { replica: 'dear/0', breaker: 'open' })).toBe(0);
    expect(
      sumOf(samples, 'assay_engine_info', { engine: 'cheap', kind: 'openai/vllm', model: 'small' }),
    ).toBe(1);
    expect(sumOf(samples, 'assay_http_requests_total', { route: 'unmatched', status: '404' })).toBe(1);
    const route = '/v1/feedback/preferences';
    const requests = sumOf(samples, 'assay_http_requests_total', { route, status: '200' });
    expect(requests).toBeGreaterThanOrEqual(4);
    const answered = sumOf(samples, 'assay_http_requests_total', { route });
    expect(sumOf(samples, 'assay_http_overhead_seconds_count', { route })).toBe(answered);
    expect(sumOf(samples, 'assay_http_overhead_seconds_sum', { route })).toBeLessThan(
      sumOf(samples, 'assay_http_request_duration_seconds_sum', { route }),
    );
    expect(sumOf(samples, 'assay_http_in_flight')).toBe(0);
    expect(sumOf(samples, 'assay_process_resident_bytes')).toBeGreaterThan(1e7);
    expect(sumOf(samples, 'assay_build_info', { version: '0.1.0' })).toBe(1);
  });

  it('shows them to operators and inside, never on the public port', async () => {
    const admin = (headers: Record<string, string>) => fetch(`${gateway.adminUrl}/metrics`, { headers });
    const answers = await Promise.all([
      fetch(`${gateway.url}/metrics`),
      fetch(`${gateway.url}/metrics`, { headers: { authorization: `Bearer ${keyOf('red')}` } }),
      admin({}),
      admin({ authorization: `Bearer ${keyOf('red')}` }),
      admin({ authorization: `Bearer ${keyOf('ops')}` }),
      fetch(gateway.metricsUrl ?? ''),
      fetch(gateway.metricsUrl ?? '', { method: 'POST' }),
      fetch((gateway.metricsUrl ?? '').replace('/metrics', '/other')),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 401, 401, 200, 200, 405, 404]);
    expect(answers[4]?.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await answers[4]?.text()).toContain('assay_verdicts_total{team="red"');
    const refusals = await Promise.all(answers.slice(0, 4).map((answer) => answer.text()));
    for (const text of refusals) expect(text).not.toContain('assay_verdicts_total');
  });
});
