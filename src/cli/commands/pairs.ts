import type { Command } from 'commander';
import { z } from 'zod';
import { PAIR_METHODS } from '../../statistics/response-pair.ts';
import type { CommandContext } from '../context.ts';
import { EXIT } from '../exit.ts';
import { checkPaths } from '../label/paths.ts';
import { number, readOptions, wholeNumber } from '../options.ts';
import { choosePairsOfFile, type PairsReport } from '../pairs/run.ts';
import { formatCount } from '../print/numbers.ts';

const optionsSchema = z.object({
  output: z.string({ error: 'is needed' }).min(1, 'is empty'),
  method: z.enum(PAIR_METHODS, `must be one of ${PAIR_METHODS.join(', ')}`),
  width: number(0, 1000),
  explore: number(0, 1),
  seed: wholeNumber(0, 2 ** 31 - 1),
  json: z.boolean().default(false),
});
type PairsFlags = z.output<typeof optionsSchema>;

const HELP = `
A row: {"prompt", "candidates": [2 to 64 texts], "rewards": [one for each], "id"?, "rubric"?, "metadata"?}
A reward is {"mean", "sd"}, or a list of scores of several judges: [0.7, 0.9, 0.8].

Methods:
  drts      the best of one draw of the rewards against the worst of another: a wide gap, varied by chance
  deltaucb  the widest gap from one's upper bound to another's lower bound: no chance in it
  random    every pair alike

Exit codes:
  0 every row has its pair   1 some have none (all are named)   2 wrong arguments or files

Examples:
  assay pairs candidates.jsonl -o pairs.jsonl
  assay label pairs.jsonl -o labels.jsonl --config assay.yaml
`;

export function addPairsCommand(root: Command, context: CommandContext): void {
  root
    .command('pairs')
    .description('choose the two responses of each prompt that are worth comparing')
    .argument('<in>', 'prompts with candidates and their rewards, as JSONL')
    .option('-o, --output <file>', 'where the pairs go')
    .option('--method <name>', PAIR_METHODS.join(', '), 'drts')
    .option('--width <x>', 'standard deviations from a mean reward to its bounds', '1')
    .option('--explore <x>', 'share of the prompts whose pair is drawn evenly', '0')
    .option('--seed <n>', 'of the draws: equal rows and seeds give equal pairs', '1')
    .option('--json', 'print the report as JSON')
    .addHelpText('after', HELP)
    .action(async (input: string, values: unknown) => {
      await choose(input, readOptions(optionsSchema, values), context);
    });
}

async function choose(input: string, flags: PairsFlags, { io, exit }: CommandContext): Promise<void> {
  const { output, json, ...task } = flags;
  checkPaths(input, { output, journal: output });
  const report = await choosePairsOfFile(input, output, task);
  io.stdout.write(json ? `${JSON.stringify(reportJson(report, flags))}\n` : rendered(report, flags));
  exit(report.refused.length === 0 ? EXIT.ok : EXIT.failures);
}

function rendered({ rows, pairs, meanGap, refused }: PairsReport, { output, method }: PairsFlags): string {
  const gap = meanGap === null ? '' : `, mean gap of the rewards ${meanGap.toPrecision(3)}`;
  const lines = refused.map(({ line, message }) => `  line ${line}  ${message}\n`);
  const without = lines.length === 0 ? '' : `\nWithout a pair\n${lines.join('')}`;
  return `${output}  ${formatCount(pairs)} pairs of ${formatCount(rows)} rows by ${method}${gap}\n${without}`;
}

function reportJson({ rows, pairs, meanGap, refused }: PairsReport, flags: PairsFlags): object {
  const { json: _, ...settings } = flags;
  return { ...settings, rows, pairs, mean_gap: meanGap, refused };
}
