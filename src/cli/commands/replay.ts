import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Command } from 'commander';
import { z } from 'zod';
import type { CommandContext } from '../context.ts';
import { EXIT, usageError } from '../exit.ts';
import { checkManifest, type Manifest, readManifest } from '../export/manifest.ts';
import { readVerdicts } from '../export/verdicts.ts';
import { listenForInterrupts } from '../interruption.ts';
import { backoffMs } from '../label/backoff.ts';
import { createFeedbackClient } from '../label/client.ts';
import { detectFormat, type Input, readRows } from '../label/input.ts';
import { madeUpId } from '../label/row.ts';
import { number, readOptions, wholeNumber } from '../options.ts';
import { countReplay, renderReplay } from '../replay/render.ts';
import { hasLabel, type JudgedRow, madeBy, replay } from '../replay/replay.ts';

const name = z.string().min(1, 'is empty').optional();

const optionsSchema = z.object({
  url: name,
  key: name,
  policy: name,
  limit: wholeNumber(1, 1_000_000),
  concurrency: wholeNumber(1, 256),
  mayDiffer: number(0, 1),
  json: z.boolean().default(false),
});
type ReplayFlags = z.output<typeof optionsSchema>;

const DEFAULT_URL = 'http://127.0.0.1:8080';
const GIVE_UP_AFTER_MS = 60_000;

const HELP = `
Asks a gateway again for the items of an export, past its label cache, and compares: labels, the order of rankings,
scores to two places, texts of revisions. The files beside the manifest must be as they were. Judges are compared by
all that verdicts tell of them: engine, model, precision, prompt with its version, the engine's build.

Exit codes:
  0 at most --may-differ of the items differ, and all were judged   1 more differ, or some were not judged
  2 wrong arguments or files   3 the gateway went away

Examples:
  assay replay dpo.jsonl.manifest.json --url http://gateway:8080 --limit 200
  assay replay dpo.jsonl.manifest.json --may-differ 0.02 --json
`;

export function addReplayCommand(root: Command, context: CommandContext): void {
  root
    .command('replay')
    .description('ask again for the items of an export, and tell which labels differ')
    .argument('<manifest>', 'the ….manifest.json of an export')
    .option('--url <url>', 'address of the gateway; else ASSAY_URL')
    .option('--key <key>', 'API key; else ASSAY_API_KEY')
    .option('--policy <name>', "the policy to ask; the gateway's first one when absent")
    .option('--limit <n>', 'ask for so many of the items at most', '1000')
    .option('--concurrency <n>', 'items under way at once', '16')
    .option('--may-differ <share>', 'share of the items that may have another label', '0')
    .option('--json', 'print the report as JSON')
    .addHelpText('after', HELP)
    .action(async (manifest: string, values: unknown) => {
      await runReplay(manifest, readOptions(optionsSchema, values), context);
    });
}

async function runReplay(path: string, flags: ReplayFlags, { io, exit }: CommandContext): Promise<void> {
  const rows = await judgedRows(path, flags.limit);
  const [first] = rows;
  if (first === undefined) throw usageError(`${path}: no item of this export has a label to compare with`);
  const client = createFeedbackClient({
    url: flags.url ?? io.env['ASSAY_URL'] ?? DEFAULT_URL,
    apiKey: flags.key ?? io.env['ASSAY_API_KEY'] ?? null,
    task: first.row.task ?? 'preference',
    policy: flags.policy ?? null,
    concurrency: flags.concurrency,
    giveUpAfterMs: GIVE_UP_AFTER_MS,
    backoff: backoffMs,
    onOutage: (reason) => io.stderr.write(`the gateway does not answer (${reason}); trying again\n`),
    cache: 'no-store',
  });
  const interruption = listenForInterrupts(io);
  try {
    const report = await replay(rows, client, {
      concurrency: flags.concurrency,
      signal: interruption.stop,
    });
    const counts = countReplay(report);
    io.stdout.write(flags.json ? `${JSON.stringify({ ...counts, ...report })}\n` : renderReplay(report));
    const isAlike = counts.failed === 0 && counts.differs <= flags.mayDiffer * rows.length;
    exit(isAlike ? EXIT.ok : EXIT.failures);
  } finally {
    interruption.release();
    await client.close();
  }
}

/** The items of an export that had a label, as they were. Throws a usage error when its files changed. */
async function judgedRows(path: string, limit: number): Promise<JudgedRow[]> {
  if (!existsSync(path)) throw usageError(`${path}: there is no such file`);
  const manifest = readManifest(path);
  const { files, signature } = await checkManifest(path, null);
  const names = { items: fileOf(manifest, 'items', path), verdicts: fileOf(manifest, 'verdicts', path) };
  const spoilt = files.find(
    ({ name: file, state }) =>
      state !== 'same' && Object.values(names).some((used) => basename(used) === file),
  );
  if (spoilt !== undefined) throw usageError(`${spoilt.name}: is ${spoilt.state}, so it cannot be replayed`);
  if (signature === 'invalid') throw usageError(`${path}: its signature does not fit`);
  const verdicts = await readVerdicts(names.verdicts);
  const { task, format } = madeBy(manifest);
  const input: Input = {
    path: names.items,
    format: format ?? (await detectFormat(names.items)),
    rubric: null,
    limit: Number.MAX_SAFE_INTEGER,
    task,
  };
  const rows: JudgedRow[] = [];
  for await (const row of readRows(input)) {
    if (rows.length >= limit) break;
    const verdict = row.ok ? verdicts.get(row.item.id ?? madeUpId(row.line)) : undefined;
    if (row.ok && verdict !== undefined && hasLabel(verdict)) rows.push({ row, verdict });
  }
  return rows;
}

function fileOf({ files }: Manifest, role: 'items' | 'verdicts', path: string): string {
  const file = files.find((each) => each.role === role);
  if (file === undefined) throw usageError(`${path}: names no file with the ${role}`);
  return join(dirname(path), basename(file.name));
}
