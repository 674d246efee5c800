import type { Command } from 'commander';
import { z } from 'zod';
import type { GatewaySource, RunningGateway, ServeOptions } from '../../contracts/program.ts';
import type { CommandContext } from '../context.ts';
import { plantedPreferences, readPairs, SHIPPED_PAIRS } from '../demo/pairs.ts';
import { usageError } from '../exit.ts';
import { DEFAULT_CONFIG, startOwnGateway } from '../gateway.ts';
import { listenForInterrupts } from '../interruption.ts';
import type { Format } from '../label/input.ts';
import { createProgress, silentProgress } from '../label/progress.ts';
import { number, wholeNumber } from '../options.ts';
import type { GatherControl, GatherTask } from './gather.ts';
import { ITEM_FORMATS, type ReadItems, readItems } from './items.ts';

export const optionalName = z.string().min(1, 'is empty').optional();

/** Names with commas between. */
export const nameList = z
  .string()
  .transform((text) => text.split(',').map((name) => name.trim()))
  .refine((names) => names.every((name) => name !== ''), 'has an empty name');

/** Options of every command that evaluates. */
export const sharedShape = {
  format: z.enum(ITEM_FORMATS, `must be one of ${ITEM_FORMATS.join(', ')}`),
  rubric: optionalName,
  config: optionalName,
  simulated: z.boolean().default(false),
  concurrency: wholeNumber(1, 1024),
  limit: wholeNumber(1, 1_000_000).optional(),
  giveUpAfter: number(0, 86_400),
  work: optionalName,
  skipBad: z.boolean().default(false),
  resamples: wholeNumber(100, 100_000),
  seed: wholeNumber(0, 4_294_967_295),
  quiet: z.boolean().default(false),
  json: z.boolean().default(false),
};
/** Options of the commands that look at a policy against a reference. */
export const policyShape = {
  ...sharedShape,
  policy: optionalName,
  reference: optionalName,
  costRatio: number(0, 1).optional(),
};

export function addPolicyOptions(command: Command): Command {
  return command
    .option('--policy <name>', "policy of the configuration (default: the gateway's first)")
    .option('--reference <name>', 'a judge, or gold (default: the last tier)')
    .option('--cost-ratio <x>', "where costs are not known: price of a small judgment over the last tier's");
}

/** The policy that was asked for with its tiers, cheap to strong. Throws a usage error when there is none of the name. */
export function planOf(
  { plans, policies }: RunningGateway,
  name: string | undefined,
): { readonly policy: string; readonly tiers: readonly string[] } {
  const policy = name ?? policies[0] ?? '';
  const tiers = plans[policy];
  if (tiers !== undefined) return { policy, tiers };
  throw usageError(`there is no policy "${policy}"; there are ${policies.join(', ')}`);
}

const sharedSchema = z.object(sharedShape);
export type SharedFlags = z.output<typeof sharedSchema>;

export function addSharedOptions(command: Command): Command {
  return command
    .option('--format <name>', `format of the input: ${ITEM_FORMATS.join(', ')}`, 'auto')
    .option('--rubric <name>', 'rubric, as name@version, of rows that name none')
    .option('--config <file>', `configuration whose judges are asked (default: ${DEFAULT_CONFIG})`)
    .option('--simulated', 'ask two simulated judges, small and large; figures mean nothing')
    .option('--concurrency <n>', 'rows asked at once', '32')
    .option('--limit <n>', 'only the first n rows')
    .option('--give-up-after <seconds>', 'stop when the gateway does not answer for so long', '60')
    .option('--work <dir>', 'keep what judges said here; started again, only what is missing is asked')
    .option('--skip-bad', 'leave bad and repeated rows out instead of refusing the file')
    .option('--resamples <n>', 'bootstrap resamples for intervals', '1000')
    .option('--seed <n>', 'seed of resampling', '1')
    .option('--quiet', 'no progress')
    .option('--json', 'print the figures as JSON');
}

/** Reads the input and says on stderr what was left out. */
export async function readInput(
  path: string,
  flags: SharedFlags,
  { io }: CommandContext,
): Promise<ReadItems> {
  const { format, rubric, limit, skipBad } = flags;
  const options = { path, format, rubric: rubric ?? null, limit: limit ?? 1_000_000, skipBad };
  const read = await readItems(options);
  if (read.skipped.count > 0) io.stderr.write(`${read.skipped.count} rows are left out\n`);
  return read;
}

/** Starts a gateway for the length of `ask`; interrupts end it. */
export async function withJudges<T>(
  input: { readonly path: string; readonly format: Format },
  flags: SharedFlags & Pick<ServeOptions, 'variants'>,
  context: CommandContext,
  ask: (task: GatherTask, control: GatherControl) => Promise<T>,
): Promise<T> {
  const { io } = context;
  const interruption = listenForInterrupts(io);
  const { stop, abort } = interruption;
  let gateway: RunningGateway | undefined;
  try {
    gateway = await startOwnGateway(context, await sourceOf(flags), stop, {
      eachJudge: true,
      variants: flags.variants,
    });
    const progress = () => (flags.quiet ? silentProgress : createProgress(io.stderr, io.env));
    return await ask(gatherTask(input, flags), { gateway, progress, stop, abort });
  } finally {
    await gateway?.close();
    interruption.release();
  }
}

function gatherTask(
  { path, format }: { readonly path: string; readonly format: Format },
  flags: SharedFlags,
): GatherTask {
  const { rubric, limit, concurrency, giveUpAfter, simulated, work } = flags;
  return {
    input: path,
    format,
    rubric: rubric ?? null,
    limit: limit ?? 1_000_000,
    concurrency,
    giveUpAfterMs: giveUpAfter * 1000,
    simulated,
    work: work ?? null,
  };
}

async function sourceOf({ config, simulated }: SharedFlags): Promise<GatewaySource> {
  if (config !== undefined && simulated) throw usageError('--config and --simulated exclude each other');
  if (!simulated) return { type: 'file', path: config ?? DEFAULT_CONFIG };
  return { type: 'simulated', preferences: plantedPreferences(await readPairs(SHIPPED_PAIRS)) };
}
