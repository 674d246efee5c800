import type { Command } from 'commander';
import { z } from 'zod';
import type { SimulatorOptions } from '../../contracts/simulator.ts';
import type { CommandContext } from '../context.ts';
import { plantedPreferences, readPairs } from '../demo/pairs.ts';
import { usageError } from '../exit.ts';
import { interrupted } from '../io.ts';
import { number, readOptions, wholeNumber } from '../options.ts';

const milliseconds = number(0, 600_000);

const FLAVOURS = ['vllm', 'trtllm', 'sglang', 'llamacpp', 'ollama', 'openai'] as const;

const optionsSchema = z.object({
  flavour: z.enum(FLAVOURS, `must be one of ${FLAVOURS.join(', ')}`),
  host: z.string(),
  port: wholeNumber(0, 65_535),
  model: z.string().min(1, 'is empty'),
  apiKey: z.string().min(1, 'is empty').optional(),
  maxModelTokens: wholeNumber(16, 10_000_000),
  labelIds: z.boolean(),
  seed: z.string(),
  sharpness: number(0, 100),
  noise: number(0, 100),
  positionBias: number(-100, 100),
  labelMass: number(0.001, 1),
  pairs: z.string().optional(),
  firstTokenMs: milliseconds,
  prefillMs: milliseconds,
  interTokenMs: milliseconds,
  maxRunning: wholeNumber(1, 100_000),
  maxQueued: wholeNumber(0, 10_000_000).optional(),
  warmUpMs: milliseconds,
  replay: z.string().optional(),
  judge: z.string().optional(),
});
type SimulateFlags = z.output<typeof optionsSchema>;

const HELP = `
Examples:
  assay simulate --port 8100 --model small --noise 1.5 --position-bias 0.7
  assay simulate --port 8101 --model large --sharpness 3 --first-token-ms 40
  assay simulate --replay judged.jsonl --judge gpt-4-turbo
  assay simulate --flavour llamacpp --port 8102

Its judgments come from hashes of the texts: good for tests, demos and load, not for labels.
`;

export function addSimulateCommand(root: Command, context: CommandContext): void {
  root
    .command('simulate')
    .description('run a simulated engine: real on the wire, a toy inside')
    .option('--flavour <name>', `engine that it behaves like: ${FLAVOURS.join(', ')}`, 'vllm')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <number>', 'port to listen on; 0 takes a free one', '8100')
    .option('--model <name>', 'name of the model', 'simulated')
    .option('--api-key <key>', 'key that clients must send')
    .option('--max-model-tokens <n>', 'longest context', '16384')
    .option('--no-label-ids', 'behave as an older server without logprob_token_ids')
    .option('--seed <text>', 'seed of the noise', 'assay')
    .option('--sharpness <x>', 'weight of the difference in quality', '2')
    .option('--noise <x>', 'weight of the noise', '1')
    .option('--position-bias <x>', 'log-odds added to the response shown first', '0.5')
    .option('--label-mass <p>', 'probability on the label tokens', '0.98')
    .option('--pairs <file>', 'pairs with gold labels that it is to know')
    .option('--first-token-ms <ms>', 'time to the first token', '5')
    .option('--prefill-ms <ms>', 'more of it per 1,000 uncached prompt tokens', '5')
    .option('--inter-token-ms <ms>', 'time between tokens', '2')
    .option('--max-running <n>', 'sequences that run at once', '64')
    .option('--max-queued <n>', 'waiting requests above which it answers 503 (default: no bound)')
    .option('--warm-up-ms <ms>', 'how long the first request with logprobs blocks it', '0')
    .option('--replay <file>', 'recorded judgments to answer with; needs --judge')
    .option('--judge <name>', 'whose recorded judgments')
    .addHelpText('after', HELP)
    .action((values: unknown) => simulate(readOptions(optionsSchema, values), context));
}

async function simulate(flags: SimulateFlags, { io, program }: CommandContext): Promise<void> {
  const simulator = await program.simulate(await toOptions(flags));
  io.stdout.write(`${simulator.url}\n`);
  io.stderr.write(`simulated ${flags.flavour} engine with model ${flags.model}; interrupt to stop\n`);
  await interrupted(io);
  await simulator.close();
}

async function toOptions(flags: SimulateFlags): Promise<SimulatorOptions> {
  const { flavour, host, port, model, apiKey, maxModelTokens, labelIds } = flags;
  const { seed, sharpness, noise, positionBias, labelMass } = flags;
  const { firstTokenMs, interTokenMs, maxRunning, maxQueued } = flags;
  const preferences = flags.pairs === undefined ? [] : plantedPreferences(await readPairs(flags.pairs));
  return {
    flavour,
    host,
    port,
    model,
    apiKey,
    maxModelTokens,
    labelIds,
    judge: { seed, sharpness, noise, positionBias, labelMass, preferences },
    clock: {
      firstTokenMs,
      prefillMsPer1000Tokens: flags.prefillMs,
      interTokenMs,
      maxRunning,
      maxQueued,
      logprobsWarmUpMs: flags.warmUpMs,
    },
    replay: replayOf(flags),
  };
}

function replayOf({ replay, judge }: SimulateFlags): SimulatorOptions['replay'] {
  if (replay === undefined && judge === undefined) return undefined;
  if (replay === undefined || judge === undefined) throw usageError('--replay and --judge belong together');
  return { path: replay, judge };
}
