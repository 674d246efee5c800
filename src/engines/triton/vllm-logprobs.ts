/** One token of a position in vllm_backend's list. */
export interface ListedToken {
  readonly id: number;
  /** May be NaN or infinite: the backend passes on what the engine computed. */
  readonly logprob: number;
  readonly text: string;
}

/** The tokens of one position, the sampled one first, each once. */
export type ListedPosition = readonly ListedToken[];

/** Python's text of a JSON document differs: bare NaN and Infinity. */
const PARTS = /"(\d+)"(?=\s*:\s*\{)|"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g;

/**
 * Reads `[{"<id>": {"logprob", "rank", "decoded_token"}}, …]`; null when it is something else. Numbers that
 * JSON does not know are put in quotes first, and ids get a letter in front: the sampled token is the first
 * key, and JavaScript would sort keys that are numbers.
 */
export function parseVllmLogprobs(text: string): readonly ListedPosition[] | null {
  const positions = parseJson(
    text.replaceAll(PARTS, (part: string, id: string | undefined) => {
      if (id !== undefined) return `"t${id}"`;
      return part.startsWith('"') ? part : `"${part}"`;
    }),
  );
  if (!Array.isArray(positions)) return null;
  const listed: ListedPosition[] = [];
  for (const position of positions) {
    const tokens = tokensOf(position);
    if (tokens === null) return null;
    listed.push(tokens);
  }
  return listed;
}

function tokensOf(position: unknown): ListedPosition | null {
  if (typeof position !== 'object' || position === null) return null;
  const tokens: ListedToken[] = [];
  for (const [key, entry] of Object.entries(position)) {
    if (!key.startsWith('t') || typeof entry !== 'object' || entry === null) return null;
    const logprob: unknown = 'logprob' in entry ? entry.logprob : undefined;
    const text: unknown = 'decoded_token' in entry ? entry.decoded_token : undefined;
    if (typeof logprob !== 'number' && typeof logprob !== 'string') return null;
    tokens.push({
      id: Number(key.slice(1)),
      logprob: Number(logprob),
      text: typeof text === 'string' ? text : '',
    });
  }
  return tokens;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** vLLM's stand-in for minus infinity in its OpenAI interface, so that both look the same to a caller. */
const MASKED = -9_999;

/** `logprobs` of a chat chunk, as the OpenAI interface writes it. */
export function toChatLogprobs(positions: readonly ListedPosition[]): object {
  return {
    content: positions.map((tokens) => ({
      ...chatEntry(tokens[0]),
      // The sampled token stands in the list as one of the likeliest, or as one more.
      top_logprobs: byLikelihood(tokens).map(chatEntry),
    })),
  };
}

function chatEntry(token: ListedToken | undefined): object {
  const text = token?.text ?? '';
  return { token: text, logprob: finite(token), bytes: [...Buffer.from(text)] };
}

/** `logprobs` of a completion chunk; `offset` is the length of the text before it. */
export function toCompletionLogprobs(positions: readonly ListedPosition[], offset: number): object {
  let at = offset;
  const offsets = positions.map(([sampled]) => {
    const start = at;
    at += sampled?.text.length ?? 0;
    return start;
  });
  return {
    tokens: positions.map(([sampled]) => sampled?.text ?? ''),
    token_logprobs: positions.map(([sampled]) => finite(sampled)),
    top_logprobs: positions.map((tokens) =>
      Object.fromEntries(byLikelihood(tokens).map((token) => [token.text, finite(token)])),
    ),
    text_offset: offsets,
  };
}

function byLikelihood(tokens: ListedPosition): ListedToken[] {
  return [...tokens].sort((one, other) => other.logprob - one.logprob);
}

function finite(token: ListedToken | undefined): number {
  return Math.max(MASKED, token?.logprob ?? MASKED);
}

/** A log-probability that is no number: the engine is corrupt, whatever else it says. */
export function hasNaN(positions: readonly ListedPosition[]): boolean {
  return positions.some((tokens) => tokens.some(({ logprob }) => Number.isNaN(logprob)));
}
