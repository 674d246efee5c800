import type { Command } from 'commander';
import { z } from 'zod';
import type { GatewaySource } from '../../contracts/program.ts';
import type { CommandContext } from '../context.ts';
import { plantedPreferences, readPairs, SHIPPED_PAIRS } from '../demo/pairs.ts';
import { CommandError, EXIT, usageError } from '../exit.ts';
import { DEFAULT_URL } from './jobs.ts';
import { DEFAULT_CONFIG, startOwnGateway } from '../gateway.ts';
import { listenForInterrupts } from '../interruption.ts';
import { createJobsClient } from '../jobs/client.ts';
import { type LeftOut, submitFile } from '../jobs/submit.ts';
import { detectFormat, FORMATS, ROW_TASKS } from '../label/input.ts';
import { preferSmallHeap } from '../label/memory.ts';
import { createProgress, silentProgress } from '../label/progress.ts';
import { addSampleOptions, sampleShape, sampleTaskOf } from '../label/sample-options.ts';
import {
  labelFile,
  type LabelReport,
  type LabelTask,
  OUTPUT_FORMATS,
  type RunControl,
} from '../label/run.ts';
import { renderSummary, summaryJson } from '../label/summary.ts';
import { number, readOptions, wholeNumber } from '../options.ts';
import { formatCount } from '../print/numbers.ts';

const name = z.string().min(1, 'is empty').optional();

const optionsSchema = z.object({
  output: z.string().min(1, 'is empty').optional(),
  detach: z.boolean().default(false),
  format: z.enum(['auto', ...FORMATS], `must be one of auto, ${FORMATS.join(', ')}`),
  outputFormat: z.enum(OUTPUT_FORMATS, `must be one of ${OUTPUT_FORMATS.join(', ')}`),
  task: z.enum(ROW_TASKS, `must be one of ${ROW_TASKS.join(', ')}`),
  policy: name,
  rubric: name,
  url: name,
  key: name,
  config: name,
  simulated: z.boolean().default(false),
  concurrency: wholeNumber(1, 1024),
  limit: wholeNumber(1, Number.MAX_SAFE_INTEGER).optional(),
  giveUpAfter: number(0, 86_400),
  ...sampleShape,
  restart: z.boolean().default(false),
  quiet: z.boolean().default(false),
  json: z.boolean().default(false),
});
type LabelFlags = z.output<typeof optionsSchema>;

const HELP = `
Asks the gateway at --url, or starts one for the length of the run from --config or --simulated.
Started again, it keeps every judged row and asks only for the failed and the missing ones, however the run
before ended.

Input formats, one JSON object per line:
  assay   {"prompt", "candidates": [a, b], "id"?, "rubric"?, "metadata"?}; one candidate with --task score
          ("reference"?) or critique ("constitution"?, "revise"?, "seed"?, "evidence"?), 2 to 64 with ranking
  trl     {"prompt"?, "chosen", "rejected"}, texts or lists of messages
  hh      {"chosen", "rejected"}, transcripts of "\\n\\nHuman: …\\n\\nAssistant: …"

Exit codes:
  0 all rows judged   1 finished, some rows failed   2 wrong arguments, files, key or policy
  3 stopped early     130 interrupted                (3 and 130: run it again to go on)

Examples:
  assay label pairs.jsonl -o labels.jsonl --simulated
  assay label hh.jsonl -o labels.jsonl --config assay.yaml
  assay label pairs.jsonl -o some.jsonl --sample uncertainty --share 0.2 --scores cheap.jsonl --config assay.yaml
  assay label pairs.jsonl --detach --url http://127.0.0.1:8080
  ASSAY_URL=https://assay.internal ASSAY_API_KEY=assay_… assay label pairs.jsonl -o dpo.jsonl --output-format trl
`;

export function addLabelCommand(root: Command, context: CommandContext): void {
  const command = root
    .command('label')
    .description('judge the rows of a JSONL file; resumes where it stopped')
    .argument('<in>', 'pairs, as JSONL')
    .option('-o, --output <file>', 'where the labels go')
    .option('--detach', 'hand the rows to the gateway as a durable job, and print its id')
    .option('--format <name>', 'format of the input: auto, assay, trl, hh', 'auto')
    .option('--output-format <name>', 'assay: verdicts; trl: preference rows, verdicts beside them', 'assay')
    .option('--task <name>', `what for: ${ROW_TASKS.join(', ')}`, 'preference')
    .option('--policy <name>', "policy to judge with (default: the gateway's first)")
    .option('--rubric <name>', 'rubric, as name@version, of rows that name none')
    .option('--url <url>', 'gateway to ask (default: ASSAY_URL)')
    .option('--key <key>', 'API key (default: ASSAY_API_KEY, where no other user sees it)')
    .option('--config <file>', `configuration of a gateway of its own (default: ${DEFAULT_CONFIG})`)
    .option('--simulated', 'a gateway of its own with two simulated engines; labels mean nothing')
    .option('--concurrency <n>', 'rows asked at once', '32')
    .option('--limit <n>', 'only the first n rows')
    .option('--give-up-after <seconds>', 'stop when the gateway does not answer for so long', '60')
    .option('--restart', 'begin anew; the old output is kept as ….bak')
    .option('--quiet', 'no progress')
    .option('--json', 'print the summary as JSON');
  addSampleOptions(command)
    .addHelpText('after', HELP)
    .action(async (input: string, values: unknown) => {
      await label(input, readOptions(optionsSchema, values), context);
    });
}

async function label(input: string, flags: LabelFlags, context: CommandContext): Promise<void> {
  if (flags.detach) {
    await detach(input, flags, context);
    return;
  }
  const { io } = context;
  preferSmallHeap();
  const connect = connector(flags, context);
  const progress = flags.quiet ? silentProgress : createProgress(io.stderr, io.env);
  const interruption = listenForInterrupts(io);
  try {
    const { stop, abort } = interruption;
    const report = await labelFile(toTask(input, flags), { connect, progress, stop, abort });
    finish(report, flags, context);
  } finally {
    interruption.release();
  }
}

function toTask(input: string, flags: LabelFlags): LabelTask {
  const { output, format, outputFormat, simulated, concurrency, restart } = flags;
  if (output === undefined) throw usageError('--output: is needed, unless --detach hands the rows over');
  if (outputFormat === 'trl' && flags.task !== 'preference') {
    throw usageError('--output-format trl: are preference rows; leave it out, or --task');
  }
  if (flags.task === 'critique' && flags.rubric !== undefined) {
    throw usageError('--rubric: critiques have constitutions, which rows or the policy name');
  }
  const sample = sampleTaskOf(flags);
  return {
    ...(sample === null ? {} : { sample }),
    input,
    output,
    format,
    outputFormat,
    task: flags.task,
    policy: flags.policy ?? null,
    rubric: flags.rubric ?? null,
    simulated,
    concurrency,
    limit: flags.limit ?? Number.MAX_SAFE_INTEGER,
    restart,
    giveUpAfterMs: flags.giveUpAfter * 1000,
  };
}

function finish(report: LabelReport, { json }: LabelFlags, { io, paint, exit }: CommandContext): void {
  const { tally, total, kept, asked, paths } = report;
  if (tally === null) {
    const done = `${formatCount(kept + asked)} of ${formatCount(total)} rows are in ${paths.journal}`;
    throw new CommandError(EXIT.interrupted, `interrupted: ${done}; run the same command again to go on`);
  }
  io.stdout.write(
    json ? `${JSON.stringify(summaryJson(report, tally))}\n` : renderSummary(report, tally, paint),
  );
  exit(tally.failed === 0 ? EXIT.ok : EXIT.failures);
}

/** Which gateway to ask: what the command line says, else ASSAY_URL, else the configuration file here. */
function connector(flags: LabelFlags, context: CommandContext): RunControl['connect'] {
  const { url, config, simulated } = flags;
  const named = [
    url !== undefined && '--url',
    config !== undefined && '--config',
    simulated && '--simulated',
  ];
  const sources = named.filter((flag) => flag !== false);
  if (sources.length > 1) throw usageError(`${sources.join(' and ')} exclude each other`);
  const { env } = context.io;
  const address = url ?? (sources.length === 0 ? env['ASSAY_URL'] : undefined);
  if (address !== undefined && address !== '') {
    const checked = checkUrl(address);
    const apiKey = flags.key ?? env['ASSAY_API_KEY'] ?? null;
    return async () => ({ url: checked, apiKey, close: async () => undefined });
  }
  return async (stop) => startOwnGateway(context, await sourceOf(flags), stop);
}

async function sourceOf({ config, simulated }: LabelFlags): Promise<GatewaySource> {
  if (!simulated) return { type: 'file', path: config ?? DEFAULT_CONFIG };
  return { type: 'simulated', preferences: plantedPreferences(await readPairs(SHIPPED_PAIRS)) };
}

/** The gateway must be there already: one of our own would end with this command. */
async function detach(path: string, flags: LabelFlags, { io }: CommandContext): Promise<void> {
  const needless = (['output', 'config', 'simulated', 'restart'] as const).filter((name) => flags[name]);
  if (needless.length > 0) {
    throw usageError(
      `--detach hands the rows to a gateway: ${needless.map((name) => `--${name}`).join(', ')} cannot be given`,
    );
  }
  const url = checkUrl(flags.url ?? io.env['ASSAY_URL'] ?? DEFAULT_URL);
  const client = createJobsClient({ url, apiKey: flags.key ?? io.env['ASSAY_API_KEY'] ?? null });
  try {
    const format = flags.format === 'auto' ? await detectFormat(path) : flags.format;
    const limit = flags.limit ?? Number.MAX_SAFE_INTEGER;
    const settings = { task: flags.task, ...(flags.policy === undefined ? {} : { policy: flags.policy }) };
    const rows = { path, format, rubric: flags.rubric ?? null, limit, task: flags.task };
    const { job, leftOut, notSampled } = await submitFile(client, rows, {
      settings,
      sample: sampleTaskOf(flags),
    });
    io.stdout.write(flags.json ? `${JSON.stringify(job, null, 2)}\n` : `${job.id}\n`);
    io.stderr.write(leftOutText(leftOut, notSampled));
    if (!flags.quiet)
      io.stderr.write(`${formatCount(job.items)} items; follow it with: assay jobs watch ${job.id}\n`);
  } finally {
    await client.close();
  }
}

function leftOutText({ count, reasons }: LeftOut, notSampled: number): string {
  const unread =
    count === 0 ? [] : [`${formatCount(count)} rows were left out:`, ...reasons.map((each) => `  ${each}`)];
  const undrawn = notSampled === 0 ? [] : [`${formatCount(notSampled)} rows were left out by sampling`];
  return [...unread, ...undrawn].map((line) => `${line}\n`).join('');
}

function checkUrl(url: string): string {
  const protocol = URL.parse(url)?.protocol;
  if (protocol === 'http:' || protocol === 'https:') return url;
  throw usageError(`--url: "${url}" is no address such as http://127.0.0.1:8080`);
}
