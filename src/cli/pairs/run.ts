import { usageError } from '../exit.ts';
import { readRows } from '../label/input.ts';
import { replaceFile } from '../label/replace-file.ts';
import { choosePair, type PairTask } from './choose.ts';

/** What became of the rows of a file. */
export interface PairsReport {
  readonly rows: number;
  readonly pairs: number;
  /** Mean distance of the two mean rewards of a pair; null without a pair. */
  readonly meanGap: number | null;
  readonly refused: readonly { readonly line: number; readonly message: string }[];
}

/** Writes one pair for each row that can be read, in the order of the input; nothing where there are no rows. */
export async function choosePairsOfFile(input: string, output: string, task: PairTask): Promise<PairsReport> {
  const refused: { line: number; message: string }[] = [];
  let [rows, gaps] = [0, 0];
  const source = { path: input, format: 'assay', rubric: null, limit: Number.MAX_SAFE_INTEGER } as const;
  await replaceFile(output, async function* texts() {
    for await (const row of readRows({ ...source, task: 'ranking' })) {
      rows += 1;
      const chosen = row.ok ? choosePair(row, task) : row;
      if (chosen.ok) {
        gaps += chosen.gap;
        yield `${JSON.stringify(chosen.item)}\n`;
      } else refused.push({ line: row.line, message: chosen.problem.message });
    }
    if (rows === 0) throw usageError(`${input}: there are no rows in this file`);
  });
  const pairs = rows - refused.length;
  return { rows, pairs, meanGap: pairs === 0 ? null : gaps / pairs, refused };
}
