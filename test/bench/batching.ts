import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Item } from '../../src/domain/item.ts';
import { type FairnessFigures, measureFairness } from './fairness-run.ts';
import { askAssay, askEngine, madeUpPairs, type RunFigures } from './batching-run.ts';

/**
 * `npm run bench:batching`: a labelling run with one rubric against a simulated engine whose clock batches as a
 * real one's does (200 ms to the first token, 256 seats, a prefix cache): in a loop that waits for each answer,
 * with 64 calls at a time, and through Assay. Then, at an engine of 16 seats, what two teams get of it whose loads
 * are 10 to 1, and how long an interactive request takes beside a batch that fills it. Measures, never fails on a
 * time; an item without a label ends it with exit code 1. Options: `--pairs N`; 0 measures the queue alone.
 */
const { values: options } = parseArgs({ options: { pairs: { type: 'string', default: '2000' } } });

/** The loop takes 0.4 s for each pair, all alike: so many tell its rate. */
const LOOP_PAIRS = 20;

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'assay-bench-batching-'));
  process.once('exit', () => rmSync(folder, { recursive: true }));
  const pairs = madeUpPairs(Number(options.pairs));
  const runs = pairs.length === 0 ? {} : await measureRuns(pairs, folder);
  const fairness = await measureFairness(folder);
  for (const line of fairnessLines(fairness)) console.log(line);
  console.log(JSON.stringify({ ...runs, ...fairnessFigures(fairness) }));
  process.exit(process.exitCode ?? 0);
}

/** The labelling runs; an item without a label fails the bench. */
async function measureRuns(pairs: readonly Item[], folder: string) {
  const loop = await askEngine(pairs.slice(0, LOOP_PAIRS), 1);
  const concurrent = await askEngine(pairs, 64);
  const plan = { folder, items: 64, requests: 4 };
  const single = await askAssay(pairs, { ...plan, coalesce: { windowMs: 0 } });
  const assay = await askAssay(pairs, { ...plan, coalesce: {} });
  const several = await askAssay(pairs, {
    ...plan,
    coalesce: {},
    judge: { prompt: 'preference/several', itemsPerPrompt: 4 },
  });
  const rows: [string, RunFigures][] = [
    ['one by one', loop],
    ['64 at a time', concurrent],
    ['Assay, not coalesced', single],
    ['Assay', assay],
    ['Assay, 4 items a prompt', several],
  ];
  for (const [name, figures] of rows) console.log(lineOf(name, figures));
  const isWhole = [concurrent, single, assay, several].every(({ labelled }) => labelled === pairs.length);
  if (!isWhole) process.exitCode = 1;
  return figuresOf({ loop, concurrent, single, assay, several });
}

function fairnessLines({ smallTeamShare, idleMs, besideBatchMs }: FairnessFigures): string[] {
  return [
    `two teams of equal share, load 10 to 1   small one gets ${(100 * smallTeamShare).toFixed(1)} % of the tokens`,
    `interactive, 95 % within   ${idleMs.toFixed(0)} ms at an idle engine, ${besideBatchMs.toFixed(0)} ms beside a batch`,
  ];
}

function fairnessFigures({ smallTeamShare, idleMs, besideBatchMs }: FairnessFigures) {
  return {
    fair_share_small_team: round(smallTeamShare, 3),
    interactive_wait_ratio: round(besideBatchMs / idleMs, 2),
  };
}

function lineOf(
  name: string,
  { pairsPerSecond, cachedShare, readTokens, writtenTokens, engineCpuUs, gatewayCpuUs }: RunFigures,
): string {
  const cached = `${(100 * cachedShare).toFixed(1)} % of prompt tokens cached`;
  const cpu = `CPU for a pair: engine ${engineCpuUs.toFixed(0)} us, gateway ${gatewayCpuUs.toFixed(0)} us`;
  const tokens = `tokens for a pair: ${readTokens.toFixed(0)} read, ${writtenTokens.toFixed(1)} written`;
  return `${name.padEnd(23)} ${pairsPerSecond.toFixed(1).padStart(7)} pairs/s   ${cached}   ${tokens}   ${cpu}`;
}

function figuresOf(
  runs: Readonly<Record<'loop' | 'concurrent' | 'single' | 'assay' | 'several', RunFigures>>,
) {
  const { loop, concurrent, single, assay, several } = runs;
  const rate = ({ pairsPerSecond }: RunFigures): number => round(pairsPerSecond, 1);
  return {
    sequential_per_s: round(loop.pairsPerSecond, 2),
    concurrent_per_s: rate(concurrent),
    uncoalesced_per_s: rate(single),
    assay_per_s: rate(assay),
    ratio_to_sequential: round(assay.pairsPerSecond / loop.pairsPerSecond, 1),
    ratio_to_concurrent: round(assay.pairsPerSecond / concurrent.pairsPerSecond, 2),
    // Prompts asked in their order, without fences and company, find all that there is to share.
    prefix_hit_share: round(assay.cachedShare / concurrent.cachedShare, 3),
    several_to_single_per_s: round(several.pairsPerSecond / assay.pairsPerSecond, 2),
    several_to_single_read_tokens: round(several.readTokens / assay.readTokens, 2),
    several_to_single_written_tokens: round(several.writtenTokens / assay.writtenTokens, 2),
    gateway_cpu_ratio: round(assay.gatewayCpuUs / single.gatewayCpuUs, 2),
    engine_cpu_ratio: round(assay.engineCpuUs / single.engineCpuUs, 2),
  };
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

await main();
