import type { Grader } from './multi-grader.ts';

/** What came of one part of a grader. */
export interface GradedPart {
  readonly name: string;
  readonly reward: number;
  /** The model it named, and the tokens it took; null where no judge was asked. */
  readonly model: string | null;
  readonly tokens: number | null;
}

/** No flag is ever set: a run that failed is answered with an error, as `reward` may not be null. */
const NO_ERRORS = {
  formula_parse_error: false,
  invalid_variable_error: false,
  model_grader_parse_error: false,
  model_grader_refusal_error: false,
  model_grader_server_error: false,
  model_grader_server_error_details: null,
  other_error: false,
  python_grader_runtime_error: false,
  python_grader_runtime_error_details: null,
  python_grader_server_error: false,
  python_grader_server_error_type: null,
  sample_parse_error: false,
  truncated_observation_error: false,
  unresponsive_reward_error: false,
};

/** @param seconds - Time that the run took. */
export function renderGraderRun(
  { name, type, formula }: Grader,
  {
    reward,
    parts,
    seconds,
  }: { readonly reward: number; readonly parts: readonly GradedPart[]; readonly seconds: number },
) {
  const asked = parts.filter(({ tokens }) => tokens !== null);
  const scores = Object.fromEntries(parts.map((part): [string, number] => [part.name, part.reward]));
  return {
    reward,
    sub_rewards: formula === undefined ? {} : scores,
    model_grader_token_usage_per_model: tokensByModel(asked),
    metadata: {
      name,
      type,
      scores: formula === undefined ? scores : { ...scores, [name]: reward },
      execution_time: seconds,
      token_usage: asked.length === 0 ? null : asked.reduce((sum, { tokens }) => sum + (tokens ?? 0), 0),
      sampled_model_name: parts[0]?.model ?? null,
      errors: NO_ERRORS,
    },
  };
}

function tokensByModel(asked: readonly GradedPart[]): Record<string, number> {
  const sums = new Map<string, number>();
  for (const { model, tokens } of asked) {
    if (model !== null) sums.set(model, (sums.get(model) ?? 0) + (tokens ?? 0));
  }
  return Object.fromEntries(sums);
}
