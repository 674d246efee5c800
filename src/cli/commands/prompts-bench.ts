import type { Command } from 'commander';
import { z } from 'zod';
import { ConfigError } from '../../contracts/program.ts';
import type { CommandContext } from '../context.ts';
import { askJudges } from '../evaluate/gather.ts';
import {
  addSharedOptions,
  nameList,
  optionalName,
  readInput,
  sharedShape,
  withJudges,
} from '../evaluate/options.ts';
import { showReport } from '../evaluate/output.ts';
import { requireReference } from '../evaluate/requirements.ts';
import { usageError } from '../exit.ts';
import { readOptions } from '../options.ts';

const optionsSchema = z.object({
  ...sharedShape,
  judge: z.string().min(1, 'is empty'),
  prompts: nameList.pipe(
    z
      .array(z.string())
      .min(2, 'must be two templates at least, such as preference/label@1,preference/own@1')
      .max(16, 'must be 16 templates at most')
      .refine((names) => new Set(names).size === names.length, 'names a template twice'),
  ),
  output: optionalName,
});
type BenchFlags = z.output<typeof optionsSchema>;

const HELP = `
Puts the same gold pairs before one judge of the configuration with each template: built-in ones, and those of its
prompts.directory. Differences are paired with the first template. Labels are not taken from caches.

Example:
  assay prompts bench gold.jsonl --config assay.yaml --judge quick --prompts preference/label@1,preference/own@2
`;

export function addPromptsBenchCommand(prompts: Command, context: CommandContext): void {
  const command = prompts
    .command('bench')
    .description('compare templates on gold pairs by agreement and tokens per label')
    .argument('<in>', 'pairs with gold labels, as JSONL')
    .requiredOption('--judge <name>', 'judge of the configuration that is asked')
    .requiredOption('--prompts <names>', 'templates, as name@version; the others are compared with the first')
    .option('-o, --output <file>', 'HTML report with plots');
  addSharedOptions(command)
    .addHelpText('after', HELP)
    .action(async (input: string, values: unknown) => {
      await bench(input, readOptions(optionsSchema, values), context);
    });
}

async function bench(path: string, flags: BenchFlags, context: CommandContext): Promise<void> {
  const { judge, prompts, resamples, seed, json, output: page } = flags;
  const { items, pairs } = await readInput(path, flags, context);
  if (pairs === null) throw usageError(`${path} holds judgments; prompts bench asks a judge about pairs`);
  requireReference(path, items, { type: 'gold' });
  const variants = { judge, prompts };
  const judged = await withTemplates(() =>
    withJudges({ path, format: pairs }, { ...flags, variants }, context, (task, control) =>
      askJudges(items, prompts, task, control),
    ),
  );
  const task = { source: path, judge, templates: prompts, resamples, seed };
  await showReport(context.program.benchPrompts(judged, task), { json, page }, context);
}

/** A judge or template that is not there is the user's mistake, wherever the configuration came from. */
async function withTemplates<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw usageError(error.problems.map(({ message }) => message).join('\n'));
  }
}
