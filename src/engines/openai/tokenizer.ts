import { z } from 'zod';
import type { EngineFailure, EngineResult } from '../../contracts/engine.ts';
import type { Message } from '../../domain/item.ts';
import type { Flavour } from './flavour.ts';
import type { JsonObject } from './json.ts';

/** Asks a replica for one JSON object; without a body it is a GET. `status` is 0 when there was no reply. */
export type AskJson = (
  path: string,
  body: JsonObject | null,
) => Promise<
  | { readonly ok: true; readonly value: JsonObject }
  | { readonly ok: false; readonly failure: EngineFailure; readonly status: number }
>;

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

const tokenizeReply = z.object({ tokens: z.array(z.int().min(0)).min(1) });
const detokenizeReply = z.object({ prompt: z.string() });

export function createTokenizer(flavour: Flavour, model: string, ask: AskJson): Tokenizer {
  const tokenize = async (fields: JsonObject): Promise<EngineResult<readonly number[] | null>> => {
    const reply = await ask('/tokenize', { model, ...fields });
    // llama.cpp answers an empty list to a question that it does not know: no answer either.
    if (reply.ok) return { ok: true, value: tokenizeReply.safeParse(reply.value).data?.tokens ?? null };
    return isRefusal(reply.status) ? { ok: true, value: null } : { ok: false, failure: reply.failure };
  };
  const { templateFields } = flavour;
  return {
    ofConversation: (messages) => tokenize({ messages, add_generation_prompt: true, ...templateFields }),
    ofOpenAnswer: (messages) =>
      tokenize({ messages, add_generation_prompt: false, continue_final_message: true, ...templateFields }),
    ofText: (prompt) => tokenize({ prompt, add_special_tokens: false }),
    async toText(tokens) {
      const reply = await ask('/detokenize', { model, tokens });
      if (reply.ok) return { ok: true, value: detokenizeReply.safeParse(reply.value).data?.prompt ?? null };
      return isRefusal(reply.status) ? { ok: true, value: null } : { ok: false, failure: reply.failure };
    },
  };
}

function isRefusal(status: number): boolean {
  return status === 400 || status === 404 || status === 405 || status === 422 || status === 501;
}
