/**
 * The stub engine's tokenizer: bytes are tokens, and a space before a lone capital letter is one token with
 * it, so that `A` and ` A` are different tokens as they are for real models. Reversible, no tables.
 */
const SPACED_LETTER = 256;
const PIECE = / [A-Z](?![A-Za-z])|[^]/gu;

export function tokenize(text: string): number[] {
  return [...text.matchAll(PIECE)].flatMap(([piece]) => {
    if (/^ [A-Z]$/.test(piece)) return [SPACED_LETTER + piece.charCodeAt(1)];
    return [...Buffer.from(piece)];
  });
}

export function detokenize(ids: readonly number[]): string {
  const bytes = ids.flatMap((id) => (id >= SPACED_LETTER ? [0x20, id - SPACED_LETTER] : [id]));
  return Buffer.from(bytes).toString('utf8');
}

export interface ChatTurn {
  readonly role: string;
  readonly content: string;
}

/** The chat template: each turn headed by its role; an unfinished last turn has no end. */
export function renderChat(
  turns: readonly ChatTurn[],
  options: { generate: boolean; unfinished: boolean },
): string {
  const text = turns.map((turn) => `<${turn.role}>\n${turn.content}</${turn.role}>\n`).join('');
  const last = turns.at(-1);
  if (options.unfinished && last !== undefined) return text.slice(0, -`</${last.role}>\n`.length);
  return options.generate ? `${text}<assistant>\n` : text;
}
