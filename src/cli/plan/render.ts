import type { Range, RunPlan, Spending } from '../../contracts/plan.ts';
import { formatCount, formatDuration, formatUsd } from '../print/numbers.ts';
import type { Paint } from '../print/paint.ts';
import { renderFacts, renderTable } from '../print/table.ts';

/** A forecast for people: a row for each tier, the whole below it, then what it rests on. */
export function renderPlan(path: string, plan: RunPlan, paint: Paint): string {
  const { policy, rows, tiers, total, notes } = plan;
  const right = 'right' as const;
  const table = renderTable(
    [
      { title: 'tier' },
      { title: 'rows', align: right },
      { title: 'calls', align: right },
      { title: 'tokens', align: right },
      { title: 'cost', align: right },
      { title: 'time', align: right },
    ],
    tiers.map(({ tier, rows: reached, spending }) => [
      tier,
      formatCount(reached.expected),
      formatCount(spending.calls.expected),
      formatCount(spending.inputTokens.expected + spending.outputTokens.expected),
      formatUsd(spending.nanoUsd.expected),
      formatDuration(spending.seconds.expected),
    ]),
    paint,
  );
  return [
    `${paint('bold', path)}  ${formatCount(rows)} rows under the policy ${policy}; expected:\n`,
    table,
    renderFacts(factsOf(total, rows), paint),
    renderFacts(
      tiers.map(({ tier, basis }) => [tier, basis]),
      paint,
    ),
    notes.map((note) => `${paint('dim', note)}\n`).join(''),
  ].join('\n');
}

function factsOf(total: Spending, rows: number): [string, string][] {
  const tokens: Range = {
    low: total.inputTokens.low + total.outputTokens.low,
    expected: total.inputTokens.expected + total.outputTokens.expected,
    high: total.inputTokens.high + total.outputTokens.high,
  };
  const perThousand = formatUsd((1000 * total.nanoUsd.expected) / rows);
  return [
    ['calls', spread(total.calls, formatCount)],
    [
      'tokens',
      `${spread(tokens, formatCount)}; ${formatCount(total.cachedInputTokens.expected)} of them cached`,
    ],
    ['cost', `${spread(total.nanoUsd, formatUsd)}; ${perThousand} per 1,000 rows`],
    ['time', spread(total.seconds, formatDuration)],
  ];
}

function spread({ low, expected, high }: Range, format: (value: number) => string): string {
  return low === high ? format(expected) : `${format(expected)}, from ${format(low)} to ${format(high)}`;
}

/** The forecast for programs: snake case, money in dollars. */
export function planJson({ policy, rows, tiers, total, notes }: RunPlan): Record<string, unknown> {
  return {
    policy,
    rows,
    ...spendingJson(total),
    tiers: tiers.map(({ tier, engine, model, rows: reached, spending, basis }) => ({
      tier,
      engine,
      model,
      rows: reached,
      ...spendingJson(spending),
      basis,
    })),
    notes,
  };
}

function spendingJson(spending: Spending): Record<string, Range> {
  const { low, expected, high } = spending.nanoUsd;
  return {
    calls: spending.calls,
    input_tokens: spending.inputTokens,
    cached_input_tokens: spending.cachedInputTokens,
    output_tokens: spending.outputTokens,
    cost_usd: { low: low / 1e9, expected: expected / 1e9, high: high / 1e9 },
    seconds: spending.seconds,
  };
}
