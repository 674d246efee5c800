import type { Message } from '../../domain/item.ts';
import { type Input, readRows, type ValidRow } from './input.ts';
import type { Journal } from './journal.ts';
import { replaceFile } from './replace-file.ts';
import type { OutputRow } from './row.ts';

/**
 * Writes TRL's preference rows in the order of the input, one per item that has a label a or b.
 * Returns how many. Ties and failures have no better answer, so they are not in this file.
 */
export async function writeTrl(path: string, input: Input, journal: Journal): Promise<number> {
  let written = 0;
  await replaceFile(path, async function* texts() {
    for await (const row of labelledRows(input, journal)) {
      written += 1;
      yield `${JSON.stringify(row)}\n`;
    }
  });
  return written;
}

async function* labelledRows(input: Input, journal: Journal): AsyncGenerator<object, void> {
  const verdicts = journal.rows();
  let verdict = await verdicts.next();
  for await (const row of readRows(input)) {
    if (verdict.done === true) return;
    if (verdict.value.line !== row.line) continue;
    const preference = row.ok ? toPreference(row, verdict.value) : null;
    if (preference !== null) yield preference;
    verdict = await verdicts.next();
  }
}

function toPreference({ item, line }: ValidRow, verdict: OutputRow): object | null {
  const { label, probabilities, inclusion_probability: probability = 1 } = verdict;
  if (label !== 'a' && label !== 'b') return null;
  const [a = '', b = ''] = item.candidates;
  const [chosen, rejected] = label === 'a' ? [a, b] : [b, a];
  const other = label === 'a' ? 'b' : 'a';
  const answer = (content: string): string | Message[] =>
    typeof item.prompt === 'string' ? content : [{ role: 'assistant', content }];
  return {
    ...item.metadata,
    prompt: item.prompt,
    chosen: answer(chosen),
    rejected: answer(rejected),
    id: item.id,
    line,
    score_chosen: probabilities?.[label] ?? null,
    score_rejected: probabilities?.[other] ?? null,
    confidence: verdict.confidence,
    tier: verdict.tier,
    cost_usd: verdict.cost.usd,
    inclusion_probability: probability,
    weight: 1 / probability,
  };
}
