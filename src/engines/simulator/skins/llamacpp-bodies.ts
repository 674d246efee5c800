import { z } from 'zod';
import { badRequest } from '../api-error.ts';
import type { ChatMessage } from '../chat-template.ts';
import { chatMessage } from '../chat-request.ts';
import type { JsonFields } from '../json-body.ts';

/** Bodies of llama.cpp's small endpoints. */
const templateBody = z.looseObject({ messages: z.array(chatMessage).min(1) });
const tokensBody = z.looseObject({ tokens: z.array(z.int()) });

export function chatMessages(fields: JsonFields): readonly ChatMessage[] {
  const parsed = templateBody.safeParse(fields);
  if (!parsed.success) throw badRequest("'messages' is required");
  return parsed.data.messages;
}

export function tokenIds(fields: JsonFields): readonly number[] {
  return tokensBody.safeParse(fields).data?.tokens ?? [];
}
