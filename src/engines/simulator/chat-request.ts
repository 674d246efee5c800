import { z } from 'zod';
import { answerLength } from './answer-length.ts';
import { badParameter, badRequest, invalidBody } from './api-error.ts';
import { type ChatMessage, renderChat, textOfContent } from './chat-template.ts';
import { type Constraint, oneOf } from './constraint.ts';
import type { GenerationPlan, LogprobForm, LogprobsAsked, PlannedPrompt } from './generation-plan.ts';
import { integer } from './json-body.ts';
import { jsonInstance } from './json-instance.ts';
import type { Opinion } from './label-odds.ts';
import { findItems, numberedOddsOf } from './numbered-odds.ts';
import { findPair } from './pair-prompt.ts';
import type { ScoreOpinion } from './score-odds.ts';
import { findScoreQuestion } from './score-prompt.ts';
import { samplingFields } from './sampling-fields.ts';
import { checkLabelIds, checkLogprobs } from './sampling-limits.ts';
import { planSampling } from './sampling-plan.ts';

const part = z.looseObject({ type: z.string(), text: z.string().optional() });
export const chatMessage = z.looseObject({
  role: z.string(),
  content: z.union([z.string(), z.array(part)]).nullish(),
});
const tool = z.looseObject({
  function: z.looseObject({ name: z.string(), parameters: z.json().nullish() }),
});
const chatFields = {
  ...samplingFields,
  logprobs: z.boolean().nullish(),
  top_logprobs: integer.nullish(),
  max_completion_tokens: integer.nullish(),
  tools: z.array(tool).nullish(),
  tool_choice: z
    .union([z.string(), z.looseObject({ function: z.looseObject({ name: z.string() }) })])
    .nullish(),
  add_generation_prompt: z.boolean().nullish(),
  continue_final_message: z.boolean().nullish(),
};
export const chatSchema = z.object({ ...chatFields, messages: z.array(chatMessage) });
export const chatBatchSchema = z.object({ ...chatFields, messages: z.array(z.array(chatMessage)) });
type ChatBody = z.output<typeof chatSchema>;

/** What requests are read with. */
export interface RequestContext {
  readonly opinion: Opinion;
  readonly scores: ScoreOpinion;
  readonly maxModelTokens: number;
  /** The server knows `logprob_token_ids`. */
  readonly labelIds: boolean;
  /** How it lists likely tokens. */
  readonly logprobs: LogprobForm;
}

/** The function that the answer must call. */
export interface ForcedTool {
  readonly name: string;
  readonly arguments: string;
  /** Forced by name: then the answer ends with `stop`, as the reference API has it. */
  readonly byName: boolean;
}

/** Reads a chat request with one or, for the batch call, several conversations. */
export function planChat(
  body: Omit<ChatBody, 'messages'>,
  conversations: readonly (readonly ChatMessage[])[],
  context: RequestContext,
): { readonly plan: GenerationPlan; readonly tool: ForcedTool | null } {
  const common = planSampling(body);
  const logprobs = planLogprobs(body, context);
  const forced = forcedTool(body);
  const constraint: Constraint | null = forced === null ? common.constraint : oneOf([forced.arguments]);
  const prompts = conversations.map((messages) => planPrompt(body, messages, context));
  return { plan: { ...common, constraint, logprobs, prompts }, tool: forced };
}

function planPrompt(
  body: Omit<ChatBody, 'messages'>,
  messages: readonly ChatMessage[],
  context: RequestContext,
): PlannedPrompt {
  if (messages.length === 0) throw badRequest('The messages list cannot be empty.', 'messages');
  const { tokens, text } = renderChat(messages, templateOptions(body));
  const asked =
    body.max_completion_tokens === null || body.max_completion_tokens === undefined
      ? { value: body.max_tokens, param: 'max_tokens', least: 1 }
      : { value: body.max_completion_tokens, param: 'max_completion_tokens', least: 1 };
  const maxTokens = answerLength(
    { tokens: tokens.length, characters: text.length },
    asked,
    context.maxModelTokens,
  );
  const turns = messages.filter(({ role }) => role === 'user').map(textOfContent);
  return { tokens, text, odds: oddsOf(questionOf(turns), context), maxTokens };
}

/** The last turn; where it asks for a label of what an earlier one showed, with that one before it. */
function questionOf(turns: readonly string[]): string {
  const last = turns.at(-1) ?? '';
  const asksAlone = /\([^()]+\):\s*$/.test(last) && !last.includes('[/');
  return asksAlone ? turns.slice(-2).join('\n\n') : last;
}

/** A judge that is to write its reasons first writes prose. */
const WANTS_REASONS = /\breasons:\s*$/i;

/** What the model thinks of the pair or the response in a text; null when there is neither. Refuses a pair it has no record of. */
export function oddsOf(
  text: string,
  { opinion, scores }: Pick<RequestContext, 'opinion' | 'scores'>,
): PlannedPrompt['odds'] {
  if (WANTS_REASONS.test(text)) return null;
  const items = findItems(text);
  if (items.length > 0) {
    const odds = numberedOddsOf(items, opinion);
    if (typeof odds === 'string') throw badRequest(odds);
    return odds;
  }
  const pair = findPair(text);
  if (pair === null) {
    const question = findScoreQuestion(text);
    return question === null ? null : scores(question);
  }
  const answer = opinion(pair);
  if (!answer.ok) throw badRequest(answer.message);
  return answer.odds;
}

export function templateOptions(body: {
  readonly add_generation_prompt?: boolean | null | undefined;
  readonly continue_final_message?: boolean | null | undefined;
}): { addGenerationPrompt: boolean; continueFinalMessage: boolean } {
  const addGenerationPrompt = body.add_generation_prompt ?? true;
  const continueFinalMessage = body.continue_final_message ?? false;
  if (addGenerationPrompt && continueFinalMessage) {
    throw invalidBody(
      ['Value error, Cannot set both `continue_final_message` and `add_generation_prompt` to True.'],
      null,
    );
  }
  return { addGenerationPrompt, continueFinalMessage };
}

function planLogprobs(
  body: Omit<ChatBody, 'messages'>,
  { labelIds, logprobs: form }: RequestContext,
): LogprobsAsked | null {
  const ids = labelIds ? (body.logprob_token_ids ?? null) : null;
  const top = body.top_logprobs ?? 0;
  if (body.logprobs !== true) {
    if (top !== 0) throw needsLogprobs('top_logprobs');
    if (ids !== null) throw needsLogprobs('logprob_token_ids');
    return null;
  }
  checkLogprobs(top, form.most);
  if (ids !== null) checkLabelIds(ids);
  return { top, ids, asIds: body.return_tokens_as_token_ids ?? false, form };
}

function needsLogprobs(field: string): Error {
  return badParameter(`when using \`${field}\`, \`logprobs\` must be set to true.`, field);
}

function forcedTool({ tools, tool_choice: choice }: Omit<ChatBody, 'messages'>): ForcedTool | null {
  if (tools !== null && tools !== undefined && tools.length === 0) {
    throw invalidBody(
      [
        'Value error, `tools` must not be an empty array. Either provide at least one tool or omit the field entirely.',
      ],
      null,
    );
  }
  const name = typeof choice === 'object' ? choice?.function.name : undefined;
  if (name === undefined && choice !== 'required') return null;
  if (tools === null || tools === undefined) {
    throw invalidBody(['Value error, When using `tool_choice`, `tools` must be set.'], null);
  }
  const called = name === undefined ? tools[0] : tools.find((each) => each.function.name === name);
  if (called === undefined) {
    throw invalidBody(
      ['Value error, The tool specified in `tool_choice` does not match any of the specified `tools`'],
      null,
    );
  }
  return {
    name: called.function.name,
    arguments: jsonInstance(called.function.parameters ?? { type: 'object' }),
    byName: name !== undefined,
  };
}
