import { CompletionChoice } from './completion-choice.ts';
import type { CompletionPlan } from './completion-request.ts';
import type { GenerationPlan } from './generation-plan.ts';
import type { ReplyContent } from './reply.ts';
import type { Piece } from './sequence.ts';

/** The texts of a completion reply. */
export class CompletionContent implements ReplyContent {
  readonly kind = 'completion';
  readonly plan: GenerationPlan;
  readonly appendix = {};
  readonly hidesCache = false;
  readonly #choices: readonly CompletionChoice[];

  constructor(planned: CompletionPlan, withTokenIds: boolean) {
    this.plan = planned.plan;
    const { prompts, n } = planned.plan;
    this.#choices = Array.from(
      { length: prompts.length * n },
      (_, index) => new CompletionChoice(planned, index, withTokenIds),
    );
  }

  opening() {
    return [];
  }

  event(choice: number, piece: Piece) {
    return this.#choice(choice).event(piece);
  }

  whole(choice: number, pieces: readonly Piece[]) {
    return this.#choice(choice).whole(pieces);
  }

  #choice(index: number): CompletionChoice {
    const choice = this.#choices[index];
    if (choice === undefined) throw new Error(`no choice ${index} was planned`);
    return choice;
  }
}
