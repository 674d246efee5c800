import { z } from 'zod';
import type { EngineFailure, EngineResult } from '../../contracts/engine.ts';
import type { Message } from '../../domain/item.ts';
import type { JsonObject } from './json.ts';

/** Asks a replica for one JSON object; without a body it is a GET. `status` is 0 when there was no reply. */
export type AskJson = (path: string, body: JsonObject | null) => Promise<JsonAnswer>;

export type JsonAnswer =
  | { readonly ok: true; readonly value: JsonObject }
  | { readonly ok: false; readonly failure: EngineFailure; readonly status: number };

/**
 * A replica's own tokenizer. An answer is null where the replica understood the question and has no
 * answer to it (no such route, a text or a template that it refuses); anything else is a failure.
 */
export interface Tokenizer {
  /** The ids of a conversation up to where the answer begins. */
  ofConversation(messages: readonly Message[]): Promise<EngineResult<readonly number[] | null>>;
  /** The same with the answer begun: the last message is the assistant's and stays open. */
  ofOpenAnswer(messages: readonly Message[]): Promise<EngineResult<readonly number[] | null>>;
  ofText(text: string): Promise<EngineResult<readonly number[] | null>>;
  toText(ids: readonly number[]): Promise<EngineResult<string | null>>;
}

export const tokenListReply = z.object({ tokens: z.array(z.int().min(0)).min(1) });
const detokenizeReply = z.object({ prompt: z.string() });

/** vLLM's tokenizer, which renders chats itself. */
export function createVllmTokenizer(templateFields: JsonObject, ask: AskJson, model: string): Tokenizer {
  const tokenize = async (fields: JsonObject): Promise<EngineResult<readonly number[] | null>> =>
    answerOf(await ask('/tokenize', { model, ...fields }), tokenListReply, ({ tokens }) => tokens);
  return {
    ofConversation: (messages) => tokenize({ messages, add_generation_prompt: true, ...templateFields }),
    ofOpenAnswer: (messages) =>
      tokenize({ messages, add_generation_prompt: false, continue_final_message: true, ...templateFields }),
    ofText: (prompt) => tokenize({ prompt, add_special_tokens: false }),
    toText: async (tokens) =>
      answerOf(await ask('/detokenize', { model, tokens }), detokenizeReply, ({ prompt }) => prompt),
  };
}

/** Reads what a tokenizer answered; null for a refusal and for a form that is not known. */
export function answerOf<Reply, T>(
  answer: JsonAnswer,
  schema: z.ZodType<Reply>,
  pick: (reply: Reply) => T,
): EngineResult<T | null> {
  if (answer.ok) {
    const parsed = schema.safeParse(answer.value);
    return { ok: true, value: parsed.success ? pick(parsed.data) : null };
  }
  return isRefusal(answer.status) ? { ok: true, value: null } : { ok: false, failure: answer.failure };
}

function isRefusal(status: number): boolean {
  return status === 400 || status === 404 || status === 405 || status === 422 || status === 501;
}
