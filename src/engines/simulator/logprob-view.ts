import type { LogprobsAsked } from './generation-plan.ts';
import type { PieceLogprobs, RankedLogprob, TokenLogprob } from './sequence.ts';

/** One position in a chat reply's `logprobs.content`. */
export function chatPosition({ sampled, listed }: PieceLogprobs, asked: LogprobsAsked) {
  // Ids asked for are never cut; of the likely ones the sampled token takes a place.
  const count = asked.ids === null ? asked.top : asked.ids.length === 0 ? 0 : listed.length;
  const { byLikelihood, withIds } = asked.form;
  const inOrder = byLikelihood ? listed.toSorted((x, y) => y.logprob - x.logprob) : listed;
  return {
    ...(withIds ? { id: sampled.id } : {}),
    token: asked.asIds ? asId(sampled.id) : sampled.text,
    logprob: finite(sampled.logprob),
    // The sampled token keeps its real bytes even where it prints as an id.
    bytes: bytesOf(sampled.text),
    top_logprobs: inOrder.slice(0, count).map(({ id, text, logprob }) => {
      const token = asked.asIds ? asId(id) : text;
      return { ...(withIds ? { id } : {}), token, logprob: finite(logprob), bytes: bytesOf(token) };
    }),
  };
}

function asId(id: number): string {
  return `token_id:${id}`;
}

function bytesOf(text: string): number[] {
  return [...Buffer.from(text)];
}

/** NaN goes out as null, which only happens in streams: a whole reply with NaN is refused. */
function finite(logprob: number): number | null {
  return Number.isNaN(logprob) ? null : logprob;
}

/** The `logprobs` of a completion, gathered token by token; offsets go on from one event to the next. */
export class CompletionLogprobs {
  readonly #asIds: boolean;
  #offset = 0;

  constructor(asIds: boolean) {
    this.#asIds = asIds;
  }

  of(pieces: readonly PieceLogprobs[]) {
    return this.#columns(pieces.map(({ sampled, listed }) => [sampled, listed]));
  }

  /** The prompt's own tokens before the answer's, as with `echo`. */
  withPrompt(
    prompt: readonly (readonly RankedLogprob[] | null)[],
    {
      tokens,
      pieces,
    }: { readonly tokens: readonly TokenLogprob[]; readonly pieces: readonly PieceLogprobs[] },
  ) {
    const ofPrompt = tokens.map((token, index): Position => [
      prompt[index]?.[0] ?? token,
      prompt[index] ?? null,
    ]);
    return this.#columns([...ofPrompt, ...pieces.map(({ sampled, listed }): Position => [sampled, listed])]);
  }

  #columns(positions: readonly Position[]) {
    return {
      text_offset: positions.map(([token]) => this.#advance(this.#name(token))),
      token_logprobs: positions.map(([token, listed]) => (listed === null ? null : finite(token.logprob))),
      tokens: positions.map(([token]) => this.#name(token)),
      // Keyed by text: different tokens with one text fall together, as they do in vLLM.
      top_logprobs: positions.map(([, listed]) =>
        listed === null
          ? null
          : Object.fromEntries(listed.map((each) => [this.#name(each), finite(each.logprob)])),
      ),
    };
  }

  #name({ id, text }: TokenLogprob): string {
    return this.#asIds ? asId(id) : text;
  }

  #advance(name: string): number {
    const at = this.#offset;
    this.#offset += name.length;
    return at;
  }
}

/** A token with the list beside it; null for the first of a prompt. */
type Position = readonly [token: TokenLogprob, listed: readonly TokenLogprob[] | null];

/** `prompt_logprobs`, keyed by token id. */
export function promptPositions(positions: readonly (readonly RankedLogprob[] | null)[]) {
  return positions.map((listed) =>
    listed === null
      ? null
      : Object.fromEntries(
          listed.map(({ id, text, logprob, rank }) => [id, { logprob, rank, decoded_token: text }]),
        ),
  );
}
