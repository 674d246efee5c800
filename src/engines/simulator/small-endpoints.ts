import { z } from 'zod';
import { badRequest, modelNotFound } from './api-error.ts';
import { chatMessage, chatSchema, oddsOf, templateOptions } from './chat-request.ts';
import { renderChat, renderText } from './chat-template.ts';
import { completionSchema } from './completion-request.ts';
import type { ToyEngine } from './engine.ts';
import { hashPrefix } from './hash.ts';
import { integer } from './json-body.ts';
import { labelNext, plainNext } from './language-model.ts';
import { isNumbered, numberedNext } from './numbered-odds.ts';
import { detokenize, tokenNotation } from './tokenizer.ts';
import { VOCABULARY_SIZE } from './vocabulary.ts';

/** The endpoints beside the generations: bodies in, bodies out, without time or state. */
const ids = z.array(integer);

export const tokenizeSchema = z.object({
  model: z.string().nullish(),
  prompt: z.string().nullish(),
  messages: z.array(chatMessage).nullish(),
  add_special_tokens: z.boolean().nullish(),
  add_generation_prompt: z.boolean().nullish(),
  continue_final_message: z.boolean().nullish(),
  return_token_strs: z.boolean().nullish(),
});

export function tokenizeReply(body: z.output<typeof tokenizeSchema>, maxModelTokens: number) {
  const { prompt, messages } = body;
  if ((messages === null || messages === undefined) && typeof prompt !== 'string') {
    throw badRequest('Either `prompt` or `messages` must be given.');
  }
  const { tokens } =
    messages === null || messages === undefined
      ? renderText(prompt ?? '', body.add_special_tokens ?? true)
      : renderChat(messages, templateOptions(body));
  return {
    count: tokens.length,
    max_model_len: maxModelTokens,
    tokens,
    token_strs: body.return_token_strs === true ? tokens.map(tokenNotation) : null,
  };
}

export const detokenizeSchema = z.object({ model: z.string().nullish(), tokens: ids });

export function detokenizeReply({ tokens }: z.output<typeof detokenizeSchema>) {
  return { prompt: detokenize(tokens) };
}

export const scoringSchema = z.object({
  model: z.string().nullish(),
  query: z.union([z.string(), ids]),
  items: z.union([z.array(z.string()), z.array(ids)]),
  label_token_ids: ids.min(1),
  apply_softmax: z.boolean().nullish(),
  item_first: z.boolean().nullish(),
  add_special_tokens: z.boolean().nullish(),
});

/** `/generative_scoring`: the probability of the first label among those given, after each item. */
export function scoringReply(body: z.output<typeof scoringSchema>, engine: ToyEngine) {
  const { label_token_ids: labels } = body;
  const outside = labels.find((id) => id < 0 || id >= VOCABULARY_SIZE);
  if (outside !== undefined) throw badRequest(`label_token_id ${outside} is out of vocabulary range`);
  let promptTokens = 0;
  const data = body.items.map((item, index) => {
    const parts = body.item_first === true ? [item, body.query] : [body.query, item];
    const text = parts.map((part) => (typeof part === 'string' ? part : detokenize(part))).join('');
    const { tokens } = renderText(text, body.add_special_tokens ?? true);
    promptTokens += tokens.length;
    const odds = oddsOf(text, engine);
    const next =
      odds === null
        ? plainNext(hashPrefix(tokens), tokens.at(-1))
        : isNumbered(odds)
          ? numberedNext(odds, 0)
          : labelNext(odds);
    const [first = 0, ...others] = labels.map((id) => Math.exp(next.logprob(id)));
    const total = others.reduce((sum, probability) => sum + probability, first);
    return {
      index,
      object: 'score',
      score: body.apply_softmax === false || total === 0 ? first : first / total,
    };
  });
  const count = data.length;
  const usage = { prompt_tokens: promptTokens, total_tokens: promptTokens + count, completion_tokens: count };
  return { data, usage: { ...usage, prompt_tokens_details: null, completion_tokens_details: null } };
}

/** Refuses a model that is not served; none at all means the one there is. */
export function checkModel(asked: string | null | undefined, { options, skin }: ToyEngine): void {
  if (!skin.checksModel || asked === null || asked === undefined || asked === '') return;
  if (asked !== options.model) throw modelNotFound(asked, options.model);
}

export function modelsReply({
  options,
  card: ownCard,
  nextId,
}: {
  options: ToyEngine['options'];
  card: ToyEngine['skin']['card'];
  nextId: () => string;
}) {
  if (ownCard !== null) return { object: 'list', data: [ownCard(options)] };
  const created = Math.floor(Date.now() / 1000);
  const permission = {
    id: `modelperm-${nextId()}`,
    object: 'model_permission',
    created,
    allow_create_engine: false,
    allow_sampling: true,
    allow_logprobs: true,
    allow_search_indices: false,
    allow_view: true,
    allow_fine_tuning: false,
    organization: '*',
    group: null,
    is_blocking: false,
  };
  const card = {
    id: options.model,
    object: 'model',
    created,
    owned_by: 'vllm',
    root: options.model,
    parent: null,
    max_model_len: options.maxModelTokens,
    permission: [permission],
  };
  return { object: 'list', data: [card] };
}

/** As much of the description as clients look at to learn what this build can do. */
export function openApiReply(paths: readonly string[], version: string, labelIds: boolean) {
  const propertiesOf = (schema: { readonly shape: Readonly<Record<string, unknown>> }) =>
    Object.fromEntries(
      Object.keys(schema.shape)
        .filter((field) => labelIds || field !== 'logprob_token_ids')
        .map((field) => [field, { title: field }]),
    );
  return {
    openapi: '3.1.0',
    info: { title: 'FastAPI', version },
    paths: Object.fromEntries(paths.map((path) => [path, {}])),
    components: {
      schemas: {
        ChatCompletionRequest: { properties: propertiesOf(chatSchema), type: 'object' },
        CompletionRequest: { properties: propertiesOf(completionSchema), type: 'object' },
      },
    },
  };
}
