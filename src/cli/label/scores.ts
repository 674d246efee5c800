import { usageError } from '../exit.ts';
import { splitLines } from './lines.ts';
import { isJudged, parseRow } from './row.ts';

/** P(the row's first candidate is better), ties as halves, by the digest of the item. */
export type Scores = ReadonlyMap<string, number>;

/** Longest row that is read back, in bytes. */
const LONGEST_ROW = 4 * 1024 * 1024;

/** What an earlier run said of its rows. Throws a usage error for a file that `assay label` did not write. */
export async function readScores(path: string): Promise<Scores> {
  const scores = new Map<string, number>();
  for await (const { bytes } of splitLines(path, LONGEST_ROW)) {
    const row = bytes === null ? null : parseRow(bytes.toString('utf8'));
    if (row === null) throw usageError(`${path}: is no output of \`assay label\` in the format assay`);
    if (!isJudged(row) || row.digest === null || row.probabilities === null) continue;
    const { a, b } = row.probabilities;
    scores.set(row.digest, a + (1 - a - b) / 2);
  }
  if (scores.size === 0) throw usageError(`${path}: has no judged pair`);
  return scores;
}
