import { z } from 'zod';
import { answerLength } from './answer-length.ts';
import { badParameter, badRequest } from './api-error.ts';
import { oddsOf, type RequestContext } from './chat-request.ts';
import { renderText } from './chat-template.ts';
import type { GenerationPlan, LogprobsAsked } from './generation-plan.ts';
import { integer } from './json-body.ts';
import { samplingFields } from './sampling-fields.ts';
import { checkLabelIds, checkLogprobs } from './sampling-limits.ts';
import { planSampling } from './sampling-plan.ts';
import { detokenize } from './tokenizer.ts';
import { VOCABULARY_SIZE } from './vocabulary.ts';

const ids = z.array(integer);
export const completionSchema = z.object({
  ...samplingFields,
  prompt: z.union([z.string(), ids, z.array(z.string()), z.array(ids)]),
  logprobs: integer.nullish(),
  echo: z.boolean().nullish(),
  suffix: z.string().nullish(),
});
type CompletionBody = z.output<typeof completionSchema>;

/** `VLLM_MAX_COMPLETION_PROMPTS`. */
const MOST_PROMPTS = 1024;
const DEFAULT_MAX_TOKENS = 16;

export interface CompletionPlan {
  readonly plan: GenerationPlan;
  /** The prompt comes back before the answer. */
  readonly echo: boolean;
  /** Asked for no answer at all: one token is made all the same, counted, and not shown. */
  readonly hidesAnswer: boolean;
}

export function planCompletion(body: CompletionBody, context: RequestContext): CompletionPlan {
  if (body.suffix !== null && body.suffix !== undefined && body.suffix !== '') {
    throw badRequest('suffix is not currently supported');
  }
  const common = planSampling(body);
  const echo = body.echo ?? false;
  const hidesAnswer = echo && body.max_tokens === 0;
  const logprobs = planLogprobs(body, context);
  const asked = {
    value: hidesAnswer ? 1 : (body.max_tokens ?? DEFAULT_MAX_TOKENS),
    param: 'max_tokens',
    least: 1,
  };
  const prompts = promptsOf(body).map((prompt) => {
    const { tokens, text } =
      typeof prompt === 'string' ? renderText(prompt, body.add_special_tokens ?? true) : ofTokens(prompt);
    const length = { tokens: tokens.length, characters: text.length };
    const maxTokens = answerLength(length, asked, context.maxModelTokens);
    return { tokens, text, odds: oddsOf(text, context), maxTokens };
  });
  const promptLogprobs = common.promptLogprobs ?? (echo ? (logprobs?.top ?? null) : null);
  return { plan: { ...common, promptLogprobs, logprobs, prompts }, echo, hidesAnswer };
}

function ofTokens(tokens: readonly number[]): { readonly tokens: readonly number[]; readonly text: string } {
  const outside = tokens.find((id) => id < 0 || id >= VOCABULARY_SIZE);
  if (outside !== undefined) throw badRequest(`Token id ${outside} is out of vocabulary`);
  return { tokens, text: detokenize(tokens) };
}

function promptsOf({ prompt }: CompletionBody): readonly (string | readonly number[])[] {
  const prompts = typeof prompt === 'string' ? [prompt] : isTokens(prompt) ? [prompt] : prompt;
  if (prompts.length === 0 || prompts.some((each) => typeof each !== 'string' && each.length === 0)) {
    throw badRequest('Either prompt or prompt_embeds must be provided and non-empty.');
  }
  if (prompts.length > MOST_PROMPTS) {
    throw badParameter(`Too many prompts: ${prompts.length}, at most ${MOST_PROMPTS} are allowed.`, 'prompt');
  }
  return prompts;
}

function isTokens(prompt: readonly unknown[]): prompt is number[] {
  return typeof prompt[0] === 'number';
}

function planLogprobs(
  body: CompletionBody,
  { labelIds, logprobs: form }: RequestContext,
): LogprobsAsked | null {
  const asked = labelIds ? (body.logprob_token_ids ?? null) : null;
  const top = body.logprobs;
  if (top === null || top === undefined) {
    if (asked !== null) {
      throw badParameter('when using `logprob_token_ids`, `logprobs` must be set.', 'logprob_token_ids');
    }
    return null;
  }
  checkLogprobs(top, form.most);
  if (asked !== null) checkLabelIds(asked);
  return { top, ids: asked, asIds: body.return_tokens_as_token_ids ?? false, form };
}
