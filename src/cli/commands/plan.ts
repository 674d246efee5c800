import type { Command } from 'commander';
import { z } from 'zod';
import type { Planner, PlanRequest } from '../../contracts/plan.ts';
import { GatewayError } from '../../domain/errors.ts';
import { withConfig } from '../config-problems.ts';
import type { CommandContext } from '../context.ts';
import { usageError } from '../exit.ts';
import { DEFAULT_CONFIG } from '../gateway.ts';
import { detectFormat, FORMATS, readRows } from '../label/input.ts';
import { number, readOptions, wholeNumber } from '../options.ts';
import { readEarlierRun } from '../plan/earlier-run.ts';
import { planJson, renderPlan } from '../plan/render.ts';

const name = z.string().min(1, 'is empty').optional();

const optionsSchema = z.object({
  format: z.enum(['auto', ...FORMATS], `must be one of auto, ${FORMATS.join(', ')}`),
  policy: name,
  rubric: name,
  config: name,
  simulated: z.boolean().default(false),
  limit: wholeNumber(1, Number.MAX_SAFE_INTEGER).optional(),
  earlier: name,
  tokensPerSecond: number(1, 1e7),
  share: number(0.000_001, 1),
  json: z.boolean().default(false),
});
type PlanFlags = z.output<typeof optionsSchema>;

const HELP = `
Asks nobody: renders the rows as the judges would see them and counts. How many rows reach the stronger tiers
comes from the policy's certificates, or from rows that were judged under it before (--earlier); without either
the ends of the forecast are "none" and "all". A pilot on rows of the same file also measures the tokens:

  assay label pairs.jsonl -o pilot.jsonl --limit 200 --config assay.yaml
  assay plan pairs.jsonl --earlier pilot.jsonl --config assay.yaml
`;

export function addPlanCommand(root: Command, context: CommandContext): void {
  root
    .command('plan')
    .description('what judging a file will take: calls, tokens, money and time, and how sure that is')
    .argument('<in>', 'pairs, as JSONL')
    .option('--format <name>', `format of the input: auto, ${FORMATS.join(', ')}`, 'auto')
    .option('--policy <name>', "policy to judge with (default: the configuration's first)")
    .option('--rubric <name>', 'rubric, as name@version, of rows that name none')
    .option('--config <file>', `configuration (default: ${DEFAULT_CONFIG})`)
    .option('--simulated', 'the two simulated engines and their prices')
    .option('--limit <n>', 'only the first n rows')
    .option('--earlier <file>', 'output of `assay label` under the same policy')
    .option('--tokens-per-second <n>', 'uncached tokens that a replica reads in a second', '8000')
    .option('--share <x>', 'share of the rows that sampling will ask, above 0 and at most 1', '1')
    .option('--json', 'print the figures as JSON')
    .addHelpText('after', HELP)
    .action(async (input: string, values: unknown) => {
      await plan(input, readOptions(optionsSchema, values), context);
    });
}

async function plan(path: string, flags: PlanFlags, context: CommandContext): Promise<void> {
  const { io, paint, program } = context;
  if (flags.config !== undefined && flags.simulated)
    throw usageError('--config and --simulated exclude each other');
  const config = flags.simulated ? null : (flags.config ?? DEFAULT_CONFIG);
  const earlier =
    flags.earlier === undefined ? null : await readEarlierRun(flags.earlier, flags.policy ?? null);
  const { tokensPerSecond, share } = flags;
  const request: PlanRequest = { config, policy: flags.policy ?? null, earlier, tokensPerSecond, share };
  const planner = await withConfig(config ?? '', async () => openPlan(() => program.openPlan(request)));
  const leftOut = await addRows(planner, path, flags);
  const forecast = planner.finish();
  io.stdout.write(flags.json ? `${JSON.stringify(planJson(forecast))}\n` : renderPlan(path, forecast, paint));
  if (leftOut > 0) io.stderr.write(`${leftOut} rows cannot be read; they cost nothing and get no label\n`);
}

/** A policy that is not there is the user's mistake. */
function openPlan(open: () => Planner): Planner {
  try {
    return open();
  } catch (error) {
    if (error instanceof GatewayError) throw usageError(`--policy: ${error.message}`);
    throw error;
  }
}

/** Adds every row that can be read; the number of the others. */
async function addRows(planner: Planner, path: string, flags: PlanFlags): Promise<number> {
  const format = flags.format === 'auto' ? await detectFormat(path) : flags.format;
  const limit = flags.limit ?? Number.MAX_SAFE_INTEGER;
  let rows = 0;
  let leftOut = 0;
  for await (const row of readRows({ path, format, rubric: flags.rubric ?? null, limit })) {
    if (row.ok) {
      planner.add({ ...row.item, digest: row.digest });
      rows += 1;
    } else leftOut += 1;
  }
  if (rows === 0) throw usageError(`${path}: there are no usable rows in this file`);
  return leftOut;
}
