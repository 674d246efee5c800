import type { Command } from 'commander';
import { z } from 'zod';
import { COST_GROUPS, type CostGroup } from '../../contracts/costs.ts';
import { type CostsReply, costsReplySchema } from '../../wire/costs.ts';
import { adminOptions, askAdmin } from '../admin-client.ts';
import type { CommandContext } from '../context.ts';
import { readOptions } from '../options.ts';
import { formatCount, formatShare, formatUsd } from '../print/numbers.ts';
import { type Column, renderTable } from '../print/table.ts';

const day = z.iso.date('must be a day such as 2026-11-24').optional();
const optionsSchema = z.object({ ...adminOptions, by: z.enum(COST_GROUPS), since: day, until: day });
type CostsFlags = z.output<typeof optionsSchema>;

const HELP = `
Examples:
  assay costs                                       what each policy cost, over all that is kept
  assay costs --by team --since 2026-11-01          this month, by team
  assay costs --by tier --json

"per label" has the calls that were made for the replies; "fully loaded" also audits and judges asked in the
shadow of a reply. "always large" is what the bought verdicts would have cost at the last tier, at its own mean
price. Asks the admin API of a running gateway (section "admin" of its configuration). The key can also be given as
ASSAY_ADMIN_KEY, which other users of the machine do not see.
`;

export function addCostsCommand(root: Command, context: CommandContext): void {
  root
    .command('costs')
    .description('what labels cost, by team, task, policy, tier or day')
    .option('--by <group>', `what a line stands for: ${COST_GROUPS.join(', ')}`, 'policy')
    .option('--since <day>', 'first day, UTC, such as 2026-11-01')
    .option('--until <day>', 'last day, UTC')
    .option('--url <address>', 'address of the admin API', 'http://127.0.0.1:8081')
    .option('--key <key>', 'admin key')
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action((values: unknown) => costs(readOptions(optionsSchema, values), context));
}

async function costs(flags: CostsFlags, context: CommandContext): Promise<void> {
  const { by, since, until } = flags;
  const query = new URLSearchParams({
    by,
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
  });
  const reply = costsReplySchema.parse(
    await askAdmin('GET', `/admin/costs?${query.toString()}`, flags, context),
  );
  const text = flags.json ? `${JSON.stringify(reply, null, 2)}\n` : render(reply, context.paint);
  context.io.stdout.write(text);
}

type Line = CostsReply['data'][number];

function render({ by, data }: CostsReply, paint: CommandContext['paint']): string {
  if (data.length === 0) return 'Nothing was spent in these days.\n';
  const rows = data.map((line) => cellsOf(line));
  // A tier has no sum: a verdict that two tiers saw would count twice.
  return renderTable(columnsOf(by), by === 'tier' ? rows : [...rows, totalOf(data)], paint);
}

function columnsOf(by: CostGroup): Column[] {
  const right = (title: string): Column => ({ title, align: 'right' });
  return [
    { title: by },
    right('items'),
    right('labels'),
    right('cached'),
    right('calls'),
    right('retries'),
    right('tokens in'),
    right('of them cached'),
    right('out'),
    right('spent'),
    right('per label'),
    right('fully loaded'),
    right('always large'),
  ];
}

function cellsOf(line: Line): string[] {
  return [
    line.key === '' ? '(no tier)' : line.key,
    formatCount(line.items),
    formatCount(line.labels),
    formatShare(line.cached, line.items),
    formatCount(line.calls),
    formatCount(line.retries),
    formatCount(line.input_tokens),
    formatShare(line.cached_input_tokens, line.input_tokens),
    formatCount(line.output_tokens),
    usd(line.total_usd),
    usd(line.usd_per_label),
    usd(line.fully_loaded_usd_per_label),
    usd(line.always_large_usd),
  ];
}

function totalOf(data: readonly Line[]): string[] {
  const sum = (value: (line: Line) => number): number => data.reduce((all, line) => all + value(line), 0);
  const labels = sum((line) => line.labels);
  const forReplies = sum((line) => line.decided_usd + line.rejected_usd);
  const total = sum((line) => line.total_usd);
  const large = data.every((line) => line.always_large_usd !== null)
    ? sum((line) => line.always_large_usd ?? 0)
    : null;
  const perLabel = (spent: number): number | null => (labels === 0 ? null : spent / labels);
  const [items, tokens] = [sum((line) => line.items), sum((line) => line.input_tokens)];
  return [
    'total',
    formatCount(items),
    formatCount(labels),
    formatShare(
      sum((line) => line.cached),
      items,
    ),
    formatCount(sum((line) => line.calls)),
    formatCount(sum((line) => line.retries)),
    formatCount(tokens),
    formatShare(
      sum((line) => line.cached_input_tokens),
      tokens,
    ),
    formatCount(sum((line) => line.output_tokens)),
    usd(total),
    usd(perLabel(forReplies)),
    usd(perLabel(total)),
    usd(large),
  ];
}

function usd(dollars: number | null): string {
  return dollars === null ? '–' : formatUsd(dollars * 1e9);
}
