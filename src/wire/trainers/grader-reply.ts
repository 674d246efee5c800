import type { Grader } from './grader.ts';

/** What a run cost; zeros and nulls where no judge was asked. */
export interface GraderCost {
  readonly tokens: number | null;
  readonly seconds: number;
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

export function renderGraderRun(grader: Grader, reward: number, { tokens, seconds }: GraderCost) {
  const model = grader.type === 'score_model' ? grader.model : null;
  return {
    reward,
    sub_rewards: {},
    model_grader_token_usage_per_model: model === null || tokens === null ? {} : { [model]: tokens },
    metadata: {
      name: grader.name,
      type: grader.type,
      scores: { [grader.name]: reward },
      execution_time: seconds,
      token_usage: tokens,
      sampled_model_name: model,
      errors: NO_ERRORS,
    },
  };
}
