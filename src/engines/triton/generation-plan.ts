import { z } from 'zod';
import type { EngineResult, GenerationRequest } from '../../contracts/engine.ts';
import type { Message } from '../../domain/item.ts';
import type { Backend } from './backend.ts';
import { type ChatTemplateName, renderChat } from './chat-template.ts';
import { rejectedFailure, unfitFailure } from './failures.ts';
import type { GenerationPlan } from './generation.ts';
import { createRequestForm } from './request-form.ts';
import { maxTokensOf, readSampling } from './sampling.ts';
import type { ModelSignature } from './signature.ts';
import type { TextTokens } from './tokenizer.ts';

/** What a plan is made for. */
export interface PlanTarget {
  readonly backend: Backend;
  readonly chatTemplate: ChatTemplateName;
  readonly signature: ModelSignature;
  readonly tokens: TextTokens | null;
}

/** From an OpenAI request to the requests that Triton gets; a failure says what it cannot be asked for. */
export function planGeneration(
  request: GenerationRequest,
  { backend, chatTemplate, signature, tokens }: PlanTarget,
): EngineResult<Omit<GenerationPlan, 'id' | 'timeoutMs'>> {
  const prompt = readPrompt(request, chatTemplate);
  if (!prompt.ok) return prompt;
  const sampling = readSampling(request, backend.samplingFields(signature));
  if (!sampling.ok) return sampling;
  const tellsFinishReason = backend.tellsFinishReason(signature);
  if (!tellsFinishReason && tokens === null && !signature.outputs.has('num_output_tokens')) {
    return { ok: false, failure: UNKNOWN_LENGTH };
  }
  const { n = 1, seed, logprobs } = sampling.value;
  const forms = Array.from({ length: n }, (_, index) => {
    const own = seed === undefined ? sampling.value : { ...sampling.value, seed: seed + index };
    const { values, outputs } = backend.textRequest(own, signature);
    return createRequestForm(signature, values, outputs);
  });
  return {
    ok: true,
    value: {
      prompt: prompt.value,
      forms,
      question: {
        backend,
        accumulates: signature.accumulates && signature.decoupled,
        tellsFinishReason,
        maxTokens: maxTokensOf(sampling.value),
        wantsLogprobs: logprobs !== undefined,
        tokens,
        prompt: prompt.value,
      },
    },
  };
}

/** An answer that may have been cut must not pass for a whole one. */
const UNKNOWN_LENGTH = unfitFailure(
  'the model does not tell how long its answers are (it has no num_output_tokens); ' +
    'give the engine a tokenizer, so that a cut answer can be told from a whole one',
);

const content = z.union([
  z.string(),
  z
    .array(z.object({ type: z.literal('text'), text: z.string() }))
    .transform((parts) => parts.map(({ text }) => text).join('')),
]);

const messageList = z.array(z.object({ role: z.string(), content })).min(1);

function readPrompt({ kind, body }: GenerationRequest, chatTemplate: ChatTemplateName): EngineResult<string> {
  if (kind === 'completion') {
    const { prompt } = body;
    return typeof prompt === 'string'
      ? { ok: true, value: prompt }
      : { ok: false, failure: rejectedFailure('this engine kind takes one text as prompt') };
  }
  const messages = messageList.safeParse(body['messages']);
  if (!messages.success) {
    return { ok: false, failure: rejectedFailure('this engine kind takes messages of text only') };
  }
  const list: readonly Message[] = messages.data;
  return { ok: true, value: renderChat(chatTemplate, list) };
}
