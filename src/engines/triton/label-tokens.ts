import type { EngineResult, LabelProbe } from '../../contracts/engine.ts';
import { type LabelSet, labelSetOf } from '../label-set.ts';
import type { TextTokens } from './tokenizer.ts';

/** What to do about a label that no single token spells. */
const HINT =
  'choose other spellings in the prompt template, or check chatTemplate and tokenizer of the engine';

/**
 * Finds the tokens that spell the labels of `probe` after its rendered prompt. A spelling that is not exactly
 * one more token there is dropped; a label without any is a failure. Without a tokenizer the spellings
 * themselves are the tokens.
 */
export function resolveLabels(
  probe: LabelProbe,
  prompt: string,
  tokens: TextTokens | null,
): EngineResult<LabelSet> {
  if (tokens === null) return labelSetOf(probe, 'text', probe.spellings, HINT);
  const context = tokens.idsOf(prompt);
  const found: Record<string, number[]> = {};
  for (const [label, spellings] of Object.entries(probe.spellings)) {
    found[label] = spellings.flatMap((spelling) => addition(context, tokens.idsOf(prompt + spelling)));
  }
  return labelSetOf(probe, 'id', found, HINT);
}

/** The one token that a spelling adds to the context; none when it is not exactly one. */
function addition(context: readonly number[], whole: readonly number[]): readonly number[] {
  const isOneMore = whole.length === context.length + 1 && context.every((id, at) => whole[at] === id);
  return isOneMore ? whole.slice(-1) : [];
}
