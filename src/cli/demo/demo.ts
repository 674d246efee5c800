import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunningGateway } from '../../contracts/program.ts';
import type { CommandContext } from '../context.ts';
import { CommandError, EXIT } from '../exit.ts';
import { startOwnGateway } from '../gateway.ts';
import { listenForInterrupts } from '../interruption.ts';
import { silentProgress } from '../label/progress.ts';
import { type OutputRow, parseRow } from '../label/row.ts';
import { labelFile } from '../label/run.ts';
import { type GoldPair, plantedPreferences, readPairs, SHIPPED_PAIRS } from './pairs.ts';

/** A pair, what the cascade said and what the large judge alone says. */
export interface DemoRow {
  readonly pair: GoldPair;
  readonly cascade: OutputRow;
  readonly alwaysLarge: OutputRow;
}

export interface DemoReport {
  readonly rows: readonly DemoRow[];
  /** Tiers of the cascade, cheap to strong. */
  readonly tiers: readonly string[];
  readonly seconds: number;
}

/** Policy of the simulated gateway that asks the large judge about everything. */
const ALWAYS_LARGE = 'always-large';

/** Judges the shipped pairs twice, by the cascade and by the large judge alone; leaves no file behind. */
export async function runDemo(context: CommandContext): Promise<DemoReport> {
  const start = performance.now();
  const pairs = await readPairs(SHIPPED_PAIRS);
  const interruption = listenForInterrupts(context.io);
  const folder = await mkdtemp(join(tmpdir(), 'assay-demo-'));
  try {
    const input = join(folder, 'pairs.jsonl');
    await writeFile(input, pairs.map(toLine).join(''));
    const source = { type: 'simulated', preferences: plantedPreferences(pairs) } as const;
    const gateway = await startOwnGateway(context, source, interruption.stop);
    try {
      const run = { gateway, input, stop: interruption.stop };
      const cascade = await labelWith(run, null);
      const alwaysLarge = await labelWith(run, ALWAYS_LARGE);
      const rows = pairs.map((pair, index) => ({
        pair,
        cascade: at(cascade, index),
        alwaysLarge: at(alwaysLarge, index),
      }));
      return { rows, tiers: gateway.tiers, seconds: (performance.now() - start) / 1000 };
    } finally {
      await gateway.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
    interruption.release();
  }
}

/** The gold label stays at home: a judge must not see it. */
function toLine({ id, prompt, candidates, domain }: GoldPair): string {
  return `${JSON.stringify({ id, prompt, candidates, metadata: { domain } })}\n`;
}

interface DemoRun {
  readonly gateway: RunningGateway;
  readonly input: string;
  readonly stop: AbortSignal;
}

async function labelWith({ gateway, input, stop }: DemoRun, policy: string | null): Promise<OutputRow[]> {
  const output = `${input}.${policy ?? 'default'}.labels`;
  const { url, apiKey } = gateway;
  const { tally } = await labelFile(
    { ...SETTINGS, input, output, policy },
    {
      connect: async () => ({ url, apiKey, close: async () => undefined }),
      progress: silentProgress,
      stop,
      abort: stop,
    },
  );
  if (tally === null) throw new CommandError(EXIT.interrupted, 'interrupted');
  const lines = (await readFile(output, 'utf8')).split('\n').filter((line) => line !== '');
  return lines.map((line) => parseRow(line)).filter((row) => row !== null);
}

const SETTINGS = {
  task: 'preference',
  format: 'assay',
  outputFormat: 'assay',
  rubric: null,
  simulated: true,
  concurrency: 16,
  limit: Number.MAX_SAFE_INTEGER,
  restart: false,
  giveUpAfterMs: 10_000,
} as const;

function at(rows: readonly OutputRow[], index: number): OutputRow {
  const row = rows[index];
  if (row === undefined)
    throw new CommandError(EXIT.stopped, `the demo has no verdict for pair ${index + 1}`);
  return row;
}
