import type { EngineFailure, EngineResult, LabelProbe } from '../../contracts/engine.ts';
import { createLabelSet, type LabelSet, type TokenKey } from '../openai/label-set.ts';
import { unfitFailure } from './failures.ts';
import type { TextTokens } from './tokenizer.ts';

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
  if (tokens === null) return setOf(probe, 'text', probe.spellings);
  const context = tokens.idsOf(prompt);
  const found: Record<string, number[]> = {};
  for (const [label, spellings] of Object.entries(probe.spellings)) {
    found[label] = spellings.flatMap((spelling) => addition(context, tokens.idsOf(prompt + spelling)));
  }
  return setOf(probe, 'id', found);
}

/** The one token that a spelling adds to the context; none when it is not exactly one. */
function addition(context: readonly number[], whole: readonly number[]): readonly number[] {
  const isOneMore = whole.length === context.length + 1 && context.every((id, at) => whole[at] === id);
  return isOneMore ? whole.slice(-1) : [];
}

function setOf(
  probe: LabelProbe,
  keyedBy: 'id' | 'text',
  tokens: Readonly<Record<string, readonly TokenKey[]>>,
): EngineResult<LabelSet> {
  const unspelled = Object.keys(tokens).find((label) => tokens[label]?.length === 0);
  if (unspelled !== undefined) return rejected(probe, unspelledMessage(probe, unspelled));
  const built = createLabelSet(keyedBy, tokens);
  if (built.ok) return { ok: true, value: built.set };
  const [one, other] = built.clash;
  return rejected(probe, `the labels "${one}" and "${other}" share a token; give them other spellings`);
}

function unspelledMessage({ spellings }: LabelProbe, label: string): string {
  const tried = (spellings[label] ?? []).map((spelling) => JSON.stringify(spelling)).join(', ');
  return (
    `no spelling of the label "${label}" is a single token after the prompt (tried ${tried}); ` +
    'choose other spellings in the prompt template, or check chatTemplate and tokenizer of the engine'
  );
}

function rejected(
  { id }: LabelProbe,
  message: string,
): {
  readonly ok: false;
  readonly failure: EngineFailure;
} {
  return { ok: false, failure: unfitFailure(`label set ${id}: ${message}`) };
}
