import type { Constraint } from './constraint.ts';
import type { SamplingRules } from './language-model.ts';
import type { LabelOdds } from './label-odds.ts';
import type { NumberedOdds } from './numbered-odds.ts';
import type { ScoreOdds } from './score-odds.ts';

/** What one request asks for, checked and with all defaults. */
export interface GenerationPlan {
  readonly prompts: readonly PlannedPrompt[];
  /** Answers per prompt. */
  readonly n: number;
  readonly seed: number;
  readonly priority: number;
  readonly cacheSalt: string | null;
  readonly rules: SamplingRules;
  readonly stopping: Stopping;
  readonly constraint: Constraint | null;
  readonly logprobs: LogprobsAsked | null;
  /** Log-probabilities of the prompt's own tokens, with this many likely ones beside each; null for none. */
  readonly promptLogprobs: number | null;
}

export interface PlannedPrompt {
  readonly tokens: readonly number[];
  readonly text: string;
  /** Set when the prompt shows pairs, or asks for a score: the model answers with labels. */
  readonly odds: LabelOdds | ScoreOdds | NumberedOdds | null;
  /** Longest answer, in tokens. */
  readonly maxTokens: number;
}

export interface Stopping {
  readonly texts: readonly string[];
  readonly tokens: ReadonlySet<number>;
  readonly includesText: boolean;
  readonly ignoresEnd: boolean;
  readonly minTokens: number;
}

export interface LogprobsAsked {
  /** How many likely tokens. */
  readonly top: number;
  /** These tokens instead of the likely ones. */
  readonly ids: readonly number[] | null;
  /** Tokens print as `token_id:N`. */
  readonly asIds: boolean;
  readonly form: LogprobForm;
}

/** How an engine lists likely tokens. */
export interface LogprobForm {
  /** Longest list that it gives. */
  readonly most: number;
  /** Strictly the likeliest ones: the sampled token may be missing. Otherwise it stands first. */
  readonly byLikelihood: boolean;
  /** Each entry has the token's id. */
  readonly withIds: boolean;
  /** Completions list them as chats do. */
  readonly asInChats: boolean;
}
