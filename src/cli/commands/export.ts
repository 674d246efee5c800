import { existsSync } from 'node:fs';
import type { KeyObject } from 'node:crypto';
import type { Command } from 'commander';
import { z } from 'zod';
import type { CommandContext } from '../context.ts';
import { EXIT, usageError } from '../exit.ts';
import { describeFiles, labelFacts, readSigningKey, renderManifest } from '../export/manifest.ts';
import { exportRows, type ExportReport } from '../export/run.ts';
import { isGroupShape, SHAPES, TIE_RULES } from '../export/shapes.ts';
import { FILE_FORMATS } from '../export/sink.ts';
import { type ReadVerdict, readVerdicts } from '../export/verdicts.ts';
import { detectFormat, type Format, FORMATS, ROW_TASKS } from '../label/input.ts';
import { replaceFile } from '../label/replace-file.ts';
import { number, readOptions } from '../options.ts';
import { formatCount } from '../print/numbers.ts';

const optionsSchema = z.object({
  output: z.string({ error: 'is needed' }).min(1, 'is empty'),
  as: z.enum(SHAPES, `must be one of ${SHAPES.join(', ')}`),
  ties: z.enum(TIE_RULES, `must be one of ${TIE_RULES.join(', ')}`),
  threshold: number(0, 1),
  group: z.string().min(1, 'is empty'),
  order: z.string().min(1, 'is empty'),
  format: z.enum(['auto', ...FORMATS], `must be one of auto, ${FORMATS.join(', ')}`),
  file: z.enum(['auto', ...FILE_FORMATS], `must be one of auto, ${FILE_FORMATS.join(', ')}`),
  task: z.enum(ROW_TASKS, `must be one of ${ROW_TASKS.join(', ')}`),
  manifest: z.boolean().default(false),
  sign: z.string().min(1, 'is empty').optional(),
  json: z.boolean().default(false),
});
type ExportFlags = z.output<typeof optionsSchema>;

const HELP = `
<items> is what was judged, <verdicts> what came of it: the output of "assay label", or the results of a job.
They are joined by the items' ids. What has no label becomes no row: it is counted, and listed with its reason
in <output>.left-out.jsonl.

Shapes:
  preference      TRL: prompt, chosen, rejected
  unpaired, kto   TRL: prompt, completion, label (true or false); scores by --threshold
  ultrafeedback   prompt, prompt_id, chosen, rejected, messages, score_chosen, score_rejected (binarized)
  ultrafeedback-full
                  instruction, models, completions with a rating by each criterion; scores, by --group
  stepwise        TRL: prompt, completions, labels; scores of steps, by --group and --order and --threshold
  llama-factory   conversations, chosen, rejected
  hh              chosen, rejected: whole transcripts

Exit codes:
  0 written   1 written, but not one row   2 wrong arguments or files

Examples:
  assay export pairs.jsonl labels.jsonl -o dpo.jsonl
  assay export pairs.jsonl labels.jsonl -o dpo.parquet
  assay export pairs.jsonl labels.jsonl -o dpo.jsonl --as llama-factory --ties soft
`;

export function addExportCommand(root: Command, context: CommandContext): void {
  root
    .command('export')
    .description('make training data of items and their verdicts')
    .argument('<items>', 'the rows that were judged, as JSONL')
    .argument('<verdicts>', 'their verdicts, as JSONL')
    .option('-o, --output <file>', 'where the rows go')
    .option('--as <shape>', SHAPES.join(', '), 'preference')
    .option(
      '--ties <rule>',
      'drop: no row; both: one for either order; soft: one, with its probability',
      'drop',
    )
    .option('--file <kind>', 'auto: by the name of the output; jsonl, parquet', 'auto')
    .option('--threshold <score>', 'score from which an unpaired completion or a step is a good one', '0.5')
    .option('--group <name>', 'metadata that the items of one row share', 'group')
    .option('--order <name>', 'metadata that counts the steps of a group', 'order')
    .option('--format <name>', 'format of the items: auto, assay, trl, hh', 'auto')
    .option('--task <name>', `what they were judged for: ${ROW_TASKS.join(', ')}`, 'preference')
    .option('--manifest', 'write <output>.manifest.json: files, judges, certificates, cost')
    .option('--sign <file>', 'sign the manifest with this Ed25519 key (PEM)')
    .option('--json', 'print the report as JSON')
    .addHelpText('after', HELP)
    .action(async (items: string, verdicts: string, values: unknown) => {
      await runExport({ items, verdicts }, readOptions(optionsSchema, values), context);
    });
}

interface Files {
  readonly items: string;
  readonly verdicts: string;
}

async function runExport(files: Files, flags: ExportFlags, { io, exit }: CommandContext): Promise<void> {
  const { output, as: shape, ties, threshold, group, order, task } = flags;
  if (isGroupShape(shape) && task !== 'score')
    throw usageError(`--as ${shape} is made of scores: it needs --task score`);
  for (const path of [files.items, files.verdicts]) {
    if (!existsSync(path)) throw usageError(`${path}: there is no such file`);
    if (path === output) throw usageError(`${path}: input and output are the same file`);
  }
  const format = flags.format === 'auto' ? await detectFormat(files.items) : flags.format;
  const side = `${output}.left-out.jsonl`;
  const key = flags.sign === undefined ? null : readSigningKey(flags.sign);
  const verdicts = await readVerdicts(files.verdicts);
  const named = output.endsWith('.parquet') ? 'parquet' : 'jsonl';
  const report = await exportRows({
    input: { path: files.items, format, rubric: null, limit: Number.MAX_SAFE_INTEGER, task },
    verdicts,
    output,
    file: flags.file === 'auto' ? named : flags.file,
    side,
    options: { shape, ties, threshold, keys: { group, order } },
  });
  if (flags.manifest || key !== null)
    await writeManifest({ files, format, flags, side, report, verdicts }, key);
  io.stdout.write(
    flags.json ? `${JSON.stringify({ output, side, ...report })}\n` : rendered(report, output, side),
  );
  exit(report.rows === 0 ? EXIT.failures : EXIT.ok);
}

interface Exported {
  readonly files: Files;
  readonly format: Format;
  readonly flags: ExportFlags;
  readonly side: string;
  readonly report: ExportReport;
  readonly verdicts: ReadonlyMap<string, ReadVerdict>;
}

async function writeManifest(
  { files, format, flags, side, report, verdicts }: Exported,
  key: KeyObject | null,
): Promise<void> {
  const { output, as: shape, ties, threshold, task } = flags;
  const { items, exported, rows, leftOut } = report;
  const facts = {
    made: { shape, ties, threshold, task, format },
    counts: { items, exported, rows, left_out: leftOut },
    ...labelFacts(verdicts),
    files: await describeFiles([
      { path: output, role: 'output' },
      { path: side, role: 'left_out' },
      { path: files.items, role: 'items' },
      { path: files.verdicts, role: 'verdicts' },
    ]),
  };
  await replaceFile(`${output}.manifest.json`, async function* texts() {
    yield renderManifest(facts, key);
  });
}

function rendered(report: ExportReport, output: string, side: string): string {
  const { items, exported, rows, leftOut, sha256 } = report;
  const reasons = Object.entries(leftOut).map(([reason, count]) => `  ${reason}: ${formatCount(count)}\n`);
  const lost = reasons.length === 0 ? '' : `Left out, see ${side}:\n${reasons.join('')}`;
  const counts = `${formatCount(rows)} rows of ${formatCount(exported)} of ${formatCount(items)} items`;
  return `${counts} are in ${output}\nsha256 ${sha256}\n${lost}`;
}
