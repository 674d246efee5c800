/** Guesses of how many tokens a request takes: good enough to compare loads and to share an engine out. */

const CHARACTERS_PER_TOKEN = 4;
const UNKNOWN_OUTPUT = 256;

export function tokensIn(characters: number): number {
  return Math.ceil(characters / CHARACTERS_PER_TOKEN);
}

export function messageCharacters(messages: readonly { readonly content: string }[]): number {
  let characters = 0;
  for (const { content } of messages) characters += content.length;
  return characters;
}

/** Characters of all texts in a value, however it is nested; the wire's checks bound the depth. */
export function charactersOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 0;
  let characters = 0;
  for (const part of Object.values(value)) characters += charactersOf(part);
  return characters;
}

/** Most tokens that a generation in the OpenAI format may write; a usual answer where it sets no limit. */
export function outputTokensOf(body: Readonly<Record<string, unknown>>): number {
  const limit = body['max_completion_tokens'] ?? body['max_tokens'];
  return typeof limit === 'number' ? limit : UNKNOWN_OUTPUT;
}

/** Number, colon, label and end of line, and as much again. */
const TOKENS_PER_NUMBERED_LABEL = 8;

/** Most tokens of an answer with one label, or with so many that are numbered. */
export function labelTokensOf(numbered: number | undefined): number {
  return numbered === undefined ? 1 : numbered * TOKENS_PER_NUMBERED_LABEL;
}
