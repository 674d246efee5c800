import { z } from 'zod';
import type { EarlierRun, MeasuredRow } from '../../contracts/plan.ts';
import { usageError } from '../exit.ts';
import { splitLines } from '../label/lines.ts';
import { isJudged, type OutputRow, parseRow } from '../label/row.ts';

/** Longest row that is read back, in bytes. */
const LONGEST_ROW = 4 * 1024 * 1024;

const costSchema = z.object({
  input_tokens: z.number(),
  cached_input_tokens: z.number(),
  output_tokens: z.number(),
  engine_seconds: z.number(),
});

/**
 * What the rows of an earlier run tell of the next one: which share reached each tier, with how many calls, and
 * how long a token took. Rows that a cache answered, and failed ones, tell nothing. Throws a usage error for a
 * file that `assay label` did not write or that was judged under another policy.
 */
export async function readEarlierRun(path: string, policy: string | null): Promise<EarlierRun> {
  const tiers = new Map<string, { rows: number; calls: number }>();
  const measured = new Map<string, MeasuredRow>();
  let rows = 0;
  let [seconds, tokens] = [0, 0];
  for await (const { bytes } of splitLines(path, LONGEST_ROW)) {
    const row = bytes === null ? null : parseRow(bytes.toString('utf8'));
    if (row === null) throw usageError(`${path}: is no output of \`assay label\` in the format assay`);
    if (!isJudged(row) || row.trail.length === 0) continue;
    refuseOtherPolicy(path, row, policy);
    rows += 1;
    const calls = callsOf(row);
    countTiers(calls, tiers);
    const cost = costSchema.safeParse(row.cost);
    if (!cost.success) continue;
    seconds += cost.data.engine_seconds;
    const { input_tokens: inputTokens, cached_input_tokens: cachedInputTokens } = cost.data;
    tokens += inputTokens - cachedInputTokens + cost.data.output_tokens;
    if (row.digest !== null) measured.set(row.digest, { inputTokens, cachedInputTokens, calls });
  }
  if (rows === 0) throw usageError(`${path}: has no row that a judge was asked for`);
  const secondsPerToken = seconds > 0 && tokens > 0 ? seconds / tokens : null;
  return { source: path, rows, tiers: Object.fromEntries(tiers), secondsPerToken, measured };
}

function callsOf({ trail }: OutputRow): Record<string, number> {
  const tiers = [...Map.groupBy(trail, ({ tier }) => tier ?? '')];
  return Object.fromEntries(tiers.map(([tier, entries]) => [tier, entries.length]));
}

function countTiers(
  calls: Readonly<Record<string, number>>,
  tiers: Map<string, { rows: number; calls: number }>,
): void {
  for (const [tier, count] of Object.entries(calls)) {
    const before = tiers.get(tier) ?? { rows: 0, calls: 0 };
    tiers.set(tier, { rows: before.rows + 1, calls: before.calls + count });
  }
}

/** The policy column of a simulated run begins with a mark. */
function refuseOtherPolicy(path: string, row: OutputRow, policy: string | null): void {
  const own = row.policy?.replace(/^simulated\/?/, '') ?? '';
  if (own === (policy ?? '')) return;
  throw usageError(
    `${path}: was judged ${own === '' ? 'under the default policy' : `under the policy "${own}"`}; --policy must say the same`,
  );
}
