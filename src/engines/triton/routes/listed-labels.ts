import type { EngineFailure } from '../../../contracts/engine.ts';
import { garbageFailure } from '../../openai/failures.ts';
import { readLabels } from '../../openai/label-reading.ts';
import { idsOf, type LabelSet } from '../../label-set.ts';
import { type Infer, type LabelQuestion, usageOf } from '../label-question.ts';
import { createRequestForm } from '../request-form.ts';
import type { ModelSignature } from '../signature.ts';
import { type ListedPosition, parseVllmLogprobs } from '../vllm-logprobs.ts';

/** Likely tokens asked for: vLLM's limit unless the operator raised it. It refuses to list fewer than asked. */
export const LISTED = 20;

/**
 * Labels from vllm_backend's list of log-probabilities: of exactly the label tokens where the vLLM inside
 * knows `logprob_token_ids`, else of the likeliest tokens, where a label that is missing is a bound.
 */
export function createListedQuestion(
  signature: ModelSignature,
  set: LabelSet,
  route: 'label_ids' | 'top_logprobs',
  infer: Infer,
): LabelQuestion {
  const ids = route === 'label_ids' ? { logprob_token_ids: idsOf(set) ?? [] } : {};
  // Sampling is spelled out: the model's own settings would be the defaults otherwise.
  const sampling = { temperature: 0, top_p: 1, top_k: -1, max_tokens: 1, logprobs: LISTED, ...ids };
  const form = createRequestForm(
    signature,
    {
      stream: true,
      sampling_parameters: JSON.stringify(sampling),
      exclude_input_in_output: true,
      return_logprobs: true,
      return_num_input_tokens: true,
      return_num_output_tokens: true,
    },
    ['text_output', 'logprobs', 'num_input_tokens', 'num_output_tokens'],
  );
  return {
    set,
    route,
    async ask(prompt, call) {
      const replies = await infer(form, [prompt], call);
      if (!replies.ok) return replies;
      const reply = replies.value.find((each) => each.tensor('logprobs') !== null);
      const text = reply?.text('logprobs') ?? null;
      if (reply === undefined || text === null || text === 'null') return { ok: false, failure: NO_LOGPROBS };
      const position = parseVllmLogprobs(text)?.[0];
      if (position === undefined) return { ok: false, failure: UNKNOWN_FORM };
      const reading = readLabels(set, route, toChatPosition(set, position));
      if (!reading.ok) return reading;
      const { distribution, missing } = reading;
      return {
        ok: true,
        value: { distribution, missing, usage: usageOf(reply), modelVersion: reply.modelVersion },
      };
    },
  };
}

const NO_LOGPROBS: EngineFailure = {
  code: 'engine_rejected',
  message: 'the engine answered without log-probabilities, so no label can be read from it',
  sent: true,
  blamesReplica: false,
};

const UNKNOWN_FORM: EngineFailure = garbageFailure(
  'the engine wrote log-probabilities in a form that is not known',
);

/** One position as the OpenAI interface writes it, which is what the reading knows. */
function toChatPosition({ keyedBy }: LabelSet, tokens: ListedPosition): object {
  const entries = tokens.map(({ id, text, logprob }) => ({
    token: keyedBy === 'id' ? `token_id:${id}` : text,
    logprob,
  }));
  return { ...entries[0], top_logprobs: entries };
}
