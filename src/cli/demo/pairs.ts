import { z } from 'zod';
import type { PlantedPreference } from '../../contracts/simulator.ts';
import { usageError } from '../exit.ts';
import { parseJsonLine } from '../label/json-line.ts';
import { readLines } from '../label/lines.ts';

/** An example pair with the label that people agree on. */
const pairSchema = z.object({
  id: z.string(),
  domain: z.string(),
  prompt: z.string(),
  candidates: z.tuple([z.string(), z.string()]),
  gold: z.enum(['a', 'b', 'tie']),
});
export type GoldPair = z.output<typeof pairSchema>;

/** The pairs that Assay ships. */
export const SHIPPED_PAIRS = new URL('pairs.jsonl', import.meta.url).pathname;

/** Reads pairs with gold labels; throws at the first line that is none. */
export async function readPairs(path: string): Promise<GoldPair[]> {
  const pairs: GoldPair[] = [];
  for await (const line of readLines(path)) {
    const parsed = line.ok ? parseJsonLine(line.text) : { ok: false as const, message: line.reason };
    if (!parsed.ok) throw usageError(`${path}:${line.number}: ${parsed.message}`);
    const pair = pairSchema.safeParse(parsed.value);
    if (!pair.success) throw usageError(`${path}:${line.number}: ${z.prettifyError(pair.error)}`);
    pairs.push(pair.data);
  }
  return pairs;
}

/** What a simulated engine must know to be mostly right about these pairs. */
export function plantedPreferences(pairs: readonly GoldPair[]): PlantedPreference[] {
  return pairs.map(({ candidates, gold }) => ({ candidates, better: gold }));
}
