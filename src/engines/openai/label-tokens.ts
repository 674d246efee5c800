import type { EngineResult, LabelProbe } from '../../contracts/engine.ts';
import type { Message } from '../../domain/item.ts';
import { type LabelSet, labelSetOf } from '../label-set.ts';
import type { Tokenizer } from './tokenizer.ts';

/** What to do about a label that no single token spells. */
const HINT = 'choose other spellings in the prompt template, or another model';

/**
 * Finds the tokens that spell the labels of `probe`, after the probe's own rendered prompt: `A` at the
 * start of an answer, ` A`, and the `▁A` of a text that begins with it are different tokens. A spelling
 * that is not exactly one more token is dropped; a label without any is a failure that says what to do.
 * Without a tokenizer to ask, the spellings themselves are the tokens.
 */
export async function resolveLabels(
  probe: LabelProbe,
  tokenizer: Tokenizer | null,
): Promise<EngineResult<LabelSet>> {
  const context = tokenizer === null ? NO_TOKENS : await tokenizer.ofConversation(probe.context);
  if (!context.ok) return context;
  if (tokenizer === null || context.value === null) return labelSetOf(probe, 'text', probe.spellings, HINT);
  const follower = await chooseFollower(tokenizer, probe.context, context.value);
  if (!follower.ok) return follower;
  const found: Record<string, number[]> = {};
  for (const [label, spellings] of Object.entries(probe.spellings)) {
    const tokens: number[] = [];
    for (const token of await Promise.all(spellings.map(follower.value))) {
      if (!token.ok) return token;
      if (token.value !== null) tokens.push(token.value);
    }
    found[label] = tokens;
  }
  return labelSetOf(probe, 'id', found, HINT);
}

const NO_TOKENS: EngineResult<readonly number[] | null> = { ok: true, value: null };

/** Tells the one token that a spelling adds to the context; null when it is not exactly one. */
type Follower = (spelling: string) => Promise<EngineResult<number | null>>;

/**
 * The plain way is to tokenise the rendered text with the spelling behind it. Where the text does not
 * come back as the same tokens (some tokenizers lose spaces), the chat template puts the spelling there.
 */
async function chooseFollower(
  tokenizer: Tokenizer,
  context: readonly Message[],
  ids: readonly number[],
): Promise<EngineResult<Follower>> {
  const text = await tokenizer.toText(ids);
  if (!text.ok) return text;
  const prompt = text.value;
  if (prompt !== null) {
    const again = await tokenizer.ofText(prompt);
    if (!again.ok) return again;
    if (again.value !== null && startsWith(again.value, ids) && again.value.length === ids.length) {
      return {
        ok: true,
        value: async (spelling) => addition(ids, await tokenizer.ofText(prompt + spelling)),
      };
    }
  }
  return {
    ok: true,
    value: async (content) =>
      addition(ids, await tokenizer.ofOpenAnswer([...context, { role: 'assistant', content }])),
  };
}

function addition(
  context: readonly number[],
  whole: EngineResult<readonly number[] | null>,
): EngineResult<number | null> {
  if (!whole.ok) return whole;
  const ids = whole.value;
  const isOneMore = ids !== null && ids.length === context.length + 1 && startsWith(ids, context);
  return { ok: true, value: isOneMore ? (ids.at(-1) ?? null) : null };
}

function startsWith(ids: readonly number[], start: readonly number[]): boolean {
  return start.every((id, position) => ids[position] === id);
}
