import { createMetricsServer } from '../../src/http/metrics.ts';
import { createPrometheusMeter } from '../../src/telemetry/prometheus-meter.ts';
import { median, round } from './figures.ts';

/**
 * `node test/bench/scrape.ts`: time of `GET /metrics` over a socket with what 100 teams bring to the page: each
 * uses two policies of two tiers and has limits by day and month. Prints one JSON line; never fails on a time.
 */
const TEAMS = Array.from({ length: 100 }, (_, index) => `team-${index}`);
const POLICIES = ['default', 'strict'];
const TIERS = ['small', 'large'];
const WARM_UP = 10;
const SCRAPES = 51;

const meter = createPrometheusMeter({ known: () => true });
count();
read();
const server = createMetricsServer(meter);
const url = await server.listen({ host: '127.0.0.1', port: 0 });
const times: number[] = [];
let page = '';
for (let index = 0; index < WARM_UP + SCRAPES; index += 1) {
  const begun = performance.now();
  page = await (await fetch(url)).text();
  if (index >= WARM_UP) times.push(performance.now() - begun);
}
await server.close();
const series = page.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;
console.log(
  JSON.stringify({ series, page_kb: round(page.length / 1_000, 0), scrape_ms: round(median(times), 1) }),
);

/** What is counted by team. */
function count(): void {
  const verdicts = meter.counter('assay_verdicts_total');
  const costs = meter.counter('assay_cost_dollars_total');
  const tokens = meter.counter('assay_tokens_total');
  const places = TEAMS.flatMap((team) =>
    POLICIES.flatMap((policy) => TIERS.map((tier) => ({ team, policy, tier }))),
  );
  for (const place of places) {
    const ofPlace = { ...place, task: 'preference' } as const;
    for (const outcome of ['ok', 'tie', 'over_budget'] as const)
      for (const cached of ['no', 'exact'] as const) verdicts.of({ ...ofPlace, outcome, cached }).add();
    for (const component of ['serve', 'retry', 'audit'] as const)
      costs.of({ ...ofPlace, component }).add(0.000_12);
    for (const direction of ['fresh_input', 'cached_input', 'output'] as const)
      tokens.of({ ...place, direction }).add(350);
  }
}

/** What is read anew at each scrape. */
function read(): void {
  const money = [
    'assay_limit_dollars',
    'assay_limit_used_dollars',
    'assay_limit_reserved_dollars',
    'assay_limit_leased_dollars',
  ] as const;
  for (const name of money) {
    meter.read(name, () =>
      TEAMS.flatMap((team) =>
        (['day', 'month'] as const).map((per) => ({
          labels: { of: 'team' as const, name: team, per },
          value: 12.5,
        })),
      ),
    );
  }
  for (const name of ['assay_items_limit', 'assay_items_under_way', 'assay_items_waiting'] as const) {
    meter.read(name, () => TEAMS.map((team) => ({ labels: { of: 'team' as const, name: team }, value: 8 })));
  }
  meter.read('assay_agreement_ratio', () =>
    TEAMS.flatMap((team) =>
      POLICIES.flatMap((policy) =>
        (['low', 'estimate', 'high'] as const).map((bound) => ({
          labels: { team, policy, bound },
          value: 0.96,
        })),
      ),
    ),
  );
}
