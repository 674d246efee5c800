import type { Command } from 'commander';
import { z } from 'zod';
import type { CommandContext } from '../context.ts';
import { askJudges } from '../evaluate/gather.ts';
import type { ReadItems } from '../evaluate/items.ts';
import {
  addSharedOptions,
  nameList,
  optionalName,
  readInput,
  sharedShape,
  withJudges,
} from '../evaluate/options.ts';
import { showReport } from '../evaluate/output.ts';
import { requireOpinions } from '../evaluate/requirements.ts';
import { readOptions } from '../options.ts';

const optionsSchema = z.object({
  ...sharedShape,
  judges: nameList.pipe(
    z
      .tuple([z.string(), z.string()], 'must be two names with a comma between')
      .refine(([one, other]) => one !== other, 'must be two different judges'),
  ),
  output: optionalName,
});
type CompareFlags = z.output<typeof optionsSchema>;

const HELP = `
Asks two judges of a configuration about the same pairs, each in the orders it is configured with, and tells
how often the label changes, with 95 % bootstrap intervals over prompts. Made for quantised variants of a
model: configure one engine for each and a judge on each.
Files that hold judgments already (recorded, or written by "assay label") need no configuration.

Examples:
  assay compare-judges pairs.jsonl --config assay.yaml --judges bf16,awq -o report.html
  assay compare-judges judged.jsonl --judges mistral-7b-instruct,gpt-4-turbo
`;

export function addCompareJudgesCommand(root: Command, context: CommandContext): void {
  const command = root
    .command('compare-judges')
    .description('ask two judges about the same pairs: flip rate, agreement, cost, latency')
    .argument('<in>', 'pairs or judged items, as JSONL')
    .requiredOption('--judges <one,other>', 'the two judges')
    .option('-o, --output <file>', 'HTML report with plots');
  addSharedOptions(command)
    .addHelpText('after', HELP)
    .action(async (input: string, values: unknown) => {
      await compare(input, readOptions(optionsSchema, values), context);
    });
}

async function compare(path: string, flags: CompareFlags, context: CommandContext): Promise<void> {
  const { judges, resamples, seed, json, output: page } = flags;
  const items = await judgedItems(path, await readInput(path, flags, context), flags, context);
  requireOpinions(path, items, judges);
  const report = context.program.compareJudges(items, { judges, source: path, resamples, seed });
  await showReport(report, { json, page }, context);
}

async function judgedItems(
  path: string,
  { items, pairs }: ReadItems,
  flags: CompareFlags,
  context: CommandContext,
): Promise<ReadItems['items']> {
  if (pairs === null) return items;
  return withJudges({ path, format: pairs }, flags, context, (task, control) =>
    askJudges(items, flags.judges, task, control),
  );
}
