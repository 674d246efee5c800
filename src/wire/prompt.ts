import type { Message } from '../domain/item.ts';
import type { OpenAiBody } from './openai.ts';

/**
 * What a chat or completion body asks, as text: for choosing an engine, never for changing the request.
 * Images, tool calls and token ids are left out; a body without any text is the empty string.
 */
export function promptOf({ messages, prompt }: OpenAiBody): string | readonly Message[] {
  if (Array.isArray(messages)) return messages.flatMap(messageOf);
  if (typeof prompt === 'string') return prompt;
  return Array.isArray(prompt) ? prompt.filter((part) => typeof part === 'string').join('\n') : '';
}

function messageOf(message: unknown): Message[] {
  if (typeof message !== 'object' || message === null || !('role' in message)) return [];
  const content = 'content' in message ? textOf(message.content) : '';
  return typeof message.role === 'string' && content !== '' ? [{ role: message.role, content }] : [];
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  return Array.isArray(content) ? content.map(partText).join('\n') : '';
}

function partText(part: unknown): string {
  const hasText = typeof part === 'object' && part !== null && 'text' in part;
  return hasText && typeof part.text === 'string' ? part.text : '';
}
