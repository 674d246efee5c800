/** What `assay prompts check` finds. */

export type PromptRule =
  | 'shared-text-last'
  | 'missing-fence'
  | 'invites-prose'
  | 'no-question-at-end'
  | 'label-not-named';

export interface PromptFinding {
  /** Template as `name@version`. */
  readonly template: string;
  readonly rule: PromptRule;
  readonly message: string;
}

export interface PromptCheck {
  /** Every template that was looked at, as `name@version`. */
  readonly templates: readonly string[];
  readonly findings: readonly PromptFinding[];
}
