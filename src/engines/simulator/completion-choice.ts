import type { CompletionPlan } from './completion-request.ts';
import type { PlannedPrompt } from './generation-plan.ts';
import { chatPosition, CompletionLogprobs, promptPositions } from './logprob-view.ts';
import { type Piece, type PieceLogprobs, promptLogprobs, type RankedLogprob } from './sequence.ts';
import { tokenText } from './tokenizer.ts';

/** One choice of a completion reply while it grows. */
export class CompletionChoice {
  readonly #index: number;
  readonly #planned: CompletionPlan;
  readonly #prompt: PlannedPrompt;
  readonly #withTokenIds: boolean;
  readonly #columns: CompletionLogprobs;
  #begun = false;

  constructor(planned: CompletionPlan, index: number, withTokenIds: boolean) {
    const { plan } = planned;
    const prompt = plan.prompts[Math.floor(index / plan.n)];
    if (prompt === undefined) throw new Error(`choice ${index} belongs to no prompt`);
    this.#index = index;
    this.#planned = planned;
    this.#prompt = prompt;
    this.#withTokenIds = withTokenIds;
    this.#columns = new CompletionLogprobs(plan.logprobs?.asIds ?? false);
  }

  /** The choice in a whole reply. */
  whole(pieces: readonly Piece[]) {
    const last = pieces.at(-1);
    const shown = this.#shown(pieces);
    const scored = this.#scored(this.#planned.plan.promptLogprobs);
    return {
      index: this.#index,
      text: this.#echoed(true) + textOf(shown),
      logprobs: this.#logprobs(shown, { withPrompt: this.#planned.echo, scored }),
      finish_reason: last?.finish ?? null,
      stop_reason: last?.stopReason ?? null,
      token_ids: this.#ids(shown),
      prompt_logprobs: scored === null ? null : promptPositions(scored),
      prompt_token_ids: this.#withTokenIds ? this.#prompt.tokens : null,
      routed_experts: null,
    };
  }

  /** The choice in the event of one more token. */
  event(piece: Piece) {
    const isFirst = !this.#begun;
    this.#begun = true;
    const shown = this.#shown([piece]);
    const withPrompt = this.#planned.echo && isFirst;
    const scored = withPrompt ? this.#scored(this.#planned.plan.logprobs?.top ?? null) : null;
    return {
      index: this.#index,
      text: this.#echoed(isFirst) + textOf(shown),
      logprobs: this.#logprobs(shown, { withPrompt, scored }),
      finish_reason: piece.finish,
      stop_reason: piece.stopReason,
      prompt_token_ids: this.#withTokenIds && isFirst ? this.#prompt.tokens : null,
      token_ids: this.#ids(shown),
    };
  }

  #shown(pieces: readonly Piece[]): readonly Piece[] {
    return this.#planned.hidesAnswer ? [] : pieces;
  }

  #echoed(isFirst: boolean): string {
    return this.#planned.echo && isFirst ? this.#prompt.text : '';
  }

  #ids(shown: readonly Piece[]): number[] | null {
    return this.#withTokenIds ? shown.map((piece) => piece.id) : null;
  }

  #scored(top: number | null): Scored | null {
    return top === null ? null : promptLogprobs(this.#prompt.tokens, top);
  }

  /** The columns of the answer, after those of the prompt where it is echoed. */
  #logprobs(
    shown: readonly Piece[],
    { withPrompt, scored }: { readonly withPrompt: boolean; readonly scored: Scored | null },
  ) {
    const asked = this.#planned.plan.logprobs;
    if (asked === null) return null;
    const pieces = shown.flatMap(({ logprobs }): PieceLogprobs[] => (logprobs === null ? [] : [logprobs]));
    if (asked.form.asInChats) return { content: pieces.map((piece) => chatPosition(piece, asked)) };
    if (!withPrompt) return this.#columns.of(pieces);
    const tokens = this.#prompt.tokens.map((id) => ({ id, text: tokenText(id), logprob: 0 }));
    return this.#columns.withPrompt(scored ?? [], { tokens, pieces });
  }
}

type Scored = readonly (readonly RankedLogprob[] | null)[];

function textOf(pieces: readonly Piece[]): string {
  return pieces.map((piece) => piece.text).join('');
}
