import type { Call } from '../../contracts/call.ts';
import type { EngineResult } from '../../contracts/engine.ts';
import type { Usage } from '../../domain/cost.ts';
import type { LabelDistribution, LogprobRoute } from '../../domain/distribution.ts';
import type { LabelSet } from '../label-set.ts';
import type { ReplyTensors } from './reply-tensors.ts';
import type { RequestForm } from './request-form.ts';

/** Sends one request and gathers its replies; several prompts are the rows of a batch. */
export type Infer = (
  form: RequestForm,
  prompts: readonly string[],
  call: Call,
) => Promise<EngineResult<readonly ReplyTensors[]>>;

/** A way to ask one model for the probabilities of one set of labels, found at warm-up. */
export interface LabelQuestion {
  readonly set: LabelSet;
  readonly route: LogprobRoute;
  ask(prompt: string, call: Call): Promise<EngineResult<LabelAnswer>>;
  /** Several prompts in one request, where the model has batches; an answer for each in their order. */
  askRows?(
    prompts: readonly string[],
    call: Call,
  ): Promise<EngineResult<readonly EngineResult<LabelAnswer>[]>>;
}

export interface LabelAnswer {
  readonly distribution: LabelDistribution;
  readonly usage: Usage;
  /** Version of the model that answered, as Triton's repository counts them; null when it does not tell. */
  readonly modelVersion: string | null;
  /** Label tokens of which only a bound is known. */
  readonly missing: number;
  /** Of the tensor that it was read from, where that is large. */
  readonly bytes?: number;
}

/** What one request for one token used; 1 token was written, whether or not the model counts. */
export function usageOf(reply: ReplyTensors): Usage {
  return {
    inputTokens: reply.number('num_input_tokens') ?? 0,
    cachedInputTokens: 0,
    outputTokens: reply.number('num_output_tokens') ?? 1,
  };
}
