import { z } from 'zod';
import type { EngineResult } from '../../contracts/engine.ts';
import type { Message } from '../../domain/item.ts';
import type { JsonObject } from './json.ts';
import { answerOf, type AskJson, type Tokenizer, tokenListReply } from './tokenizer.ts';

const templateReply = z.object({ prompt: z.string().min(1) });
const textReply = z.object({ content: z.string() });

/**
 * llama.cpp's tokenizer takes texts only (it answers an empty list to anything else), and renders chats
 * apart from it, without the token that begins a text. An assistant's message at the end stays open.
 */
export function createLlamaTokenizer(templateFields: JsonObject, ask: AskJson): Tokenizer {
  const ofText = async (content: string): Promise<EngineResult<readonly number[] | null>> =>
    answerOf(await ask('/tokenize', { content, add_special: false }), tokenListReply, ({ tokens }) => tokens);
  const ofMessages = async (
    messages: readonly Message[],
  ): Promise<EngineResult<readonly number[] | null>> => {
    const reply = await ask('/apply-template', { messages, ...templateFields });
    const prompt = answerOf(reply, templateReply, (rendered) => rendered.prompt);
    if (!prompt.ok) return prompt;
    return prompt.value === null ? { ok: true, value: null } : ofText(prompt.value);
  };
  return {
    ofConversation: ofMessages,
    ofOpenAnswer: ofMessages,
    ofText,
    toText: async (tokens) =>
      answerOf(await ask('/detokenize', { tokens }), textReply, ({ content }) => content),
  };
}
