import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { readHhRow } from '../../src/cli/label/hh-format.ts';

export interface Pair {
  readonly prompt: unknown;
  readonly candidates: readonly string[];
}

const row = z.record(z.string(), z.unknown());

/** The pairs of an hh-rlhf JSONL file that can be judged. */
export function pairsOf(path: string): Pair[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => readHhRow(row.parse(JSON.parse(line))))
    .filter((read) => read.ok)
    .map(({ item: { prompt, candidates } }) => ({ prompt, candidates }));
}
