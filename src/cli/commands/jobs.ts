import type { Command } from 'commander';
import { z } from 'zod';
import type { CommandContext } from '../context.ts';
import { EXIT, usageError } from '../exit.ts';
import { listenForInterrupts } from '../interruption.ts';
import { createJobsClient, type JobsClient, type WireJob } from '../jobs/client.ts';
import { downloadResults } from '../jobs/download.ts';
import { renderJob, renderJobs } from '../jobs/render.ts';
import { watchJob } from '../jobs/watch.ts';
import { number, readOptions, wholeNumber } from '../options.ts';
import { formatCount } from '../print/numbers.ts';

const ACTIONS = ['list', 'show', 'watch', 'results', 'cancel', 'pause', 'resume', 'retry-failed'] as const;
type Action = (typeof ACTIONS)[number];

const optionsSchema = z.object({
  url: z.url({ protocol: /^https?$/, error: 'is no http address' }).optional(),
  key: z.string().min(1, 'is empty').optional(),
  output: z.string().min(1, 'is empty').optional(),
  limit: wholeNumber(1, 100),
  budgetUsd: number(0.000001, 1e6).optional(),
  deadline: wholeNumber(1, 31_536_000).optional(),
  json: z.boolean().default(false),
});
type JobsFlags = z.output<typeof optionsSchema>;

const HELP = `
Actions:
  list                     the newest jobs of your team
  show JOB                 one job: outcomes, cost, rate, expected end
  watch JOB                follow it to its end
  results JOB -o FILE      write its results, in the order of its items; goes on where it stopped
  cancel | pause | resume  what is under way ends; the rest is skipped, waits, goes on
  retry-failed JOB         ask again for the items that failed

Exit codes: 0 done; of watch 1 when the job ended with items that have no label; 130 interrupted (the job goes on)

Examples:
  assay label pairs.jsonl --detach --url http://127.0.0.1:8080
  assay jobs watch job_5ktoa7r21ngbq8o4dv60mnk371
  assay jobs results job_5ktoa7r21ngbq8o4dv60mnk371 -o labels.jsonl
`;

export const DEFAULT_URL = 'http://127.0.0.1:8080';

export function addJobsCommand(root: Command, context: CommandContext): void {
  root
    .command('jobs')
    .description('show, follow and steer durable jobs of a running gateway')
    .argument('[action]', ACTIONS.join(', '), 'list')
    .argument('[job]', 'id of a job')
    .option('--url <url>', `gateway to ask (default: ASSAY_URL, else ${DEFAULT_URL})`)
    .option('--key <key>', 'API key (default: ASSAY_API_KEY, where no other user sees it)')
    .option('-o, --output <file>', 'where results go')
    .option('--limit <n>', 'most jobs in the list', '20')
    .option('--budget-usd <usd>', 'retry-failed: what the job may cost now, in all')
    .option('--deadline <seconds>', 'retry-failed: time that the job gets')
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action(async (action: unknown, job: unknown, values: unknown) => {
      const flags = readOptions(optionsSchema, values);
      const { env } = context.io;
      const url = flags.url ?? env['ASSAY_URL'] ?? DEFAULT_URL;
      const client = createJobsClient({ url, apiKey: flags.key ?? env['ASSAY_API_KEY'] ?? null });
      try {
        await act(actionOf(action), job, { client, flags, context });
      } finally {
        await client.close();
      }
    });
}

interface Acting {
  readonly client: JobsClient;
  readonly flags: JobsFlags;
  readonly context: CommandContext;
}

function actionOf(action: unknown): Action {
  const known = ACTIONS.find((each) => each === action);
  if (known === undefined)
    throw usageError(`"${String(action)}" is no action; there are ${ACTIONS.join(', ')}`);
  return known;
}

async function act(action: Action, job: unknown, acting: Acting): Promise<void> {
  if (action === 'list') return list(acting);
  if (typeof job !== 'string' || job === '') throw usageError(`${action} needs the id of a job`);
  const { client, flags } = acting;
  switch (action) {
    case 'show':
      return show(await client.find(job), acting);
    case 'watch':
      return watch(job, acting);
    case 'results':
      return results(job, acting);
    case 'cancel':
    case 'pause':
    case 'resume':
      return show(await client.command(job, action, {}), acting);
    case 'retry-failed': {
      const { budgetUsd, deadline } = flags;
      const body = {
        ...(budgetUsd === undefined ? {} : { budget_usd: budgetUsd }),
        ...(deadline === undefined ? {} : { deadline_seconds: deadline }),
      };
      return show(await client.command(job, action, body), acting);
    }
  }
}

async function list({ client, flags, context }: Acting): Promise<void> {
  const jobs = await client.list(flags.limit);
  const text = flags.json
    ? `${JSON.stringify(jobs, null, 2)}\n`
    : renderJobs(jobs, context.paint, Date.now());
  context.io.stdout.write(text);
}

function show(job: WireJob, { flags, context }: Acting): void {
  context.io.stdout.write(flags.json ? `${JSON.stringify(job, null, 2)}\n` : renderJob(job, context.paint));
}

async function watch(id: string, acting: Acting): Promise<void> {
  const { client, context } = acting;
  const interruption = listenForInterrupts(context.io);
  try {
    const job = await watchJob(client, id, context.io, interruption.stop);
    show(job, acting);
    const labels = (job.outcomes['ok'] ?? 0) + (job.outcomes['tie'] ?? 0);
    if (labels < job.items) context.exit(EXIT.failures);
  } finally {
    interruption.release();
  }
}

async function results(id: string, { client, flags, context }: Acting): Promise<void> {
  const { output } = flags;
  if (output === undefined) throw usageError('results needs -o, --output: the file that they go to');
  const interruption = listenForInterrupts(context.io);
  try {
    const rows = await downloadResults(client, id, output, interruption.stop);
    context.io.stdout.write(`  ${formatCount(rows)} results in ${output}\n`);
  } finally {
    interruption.release();
  }
}
