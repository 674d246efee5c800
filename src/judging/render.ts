import type { Item, Message, Order } from '../domain/item.ts';
import type { PromptTemplate } from '../domain/template.ts';
import type { Fence, SharedTexts } from './fence.ts';

const SLOT = /\{\{(\w+)\}\}/g;

/**
 * Fills a template for one item in one order. Substitution is a single pass over the template's own
 * text: what stands in a candidate is never read as a slot, an instruction or a marker.
 * The fence is a word that no text of the item contains, the same for both orders.
 */
export function renderPreference(
  template: PromptTemplate,
  item: Item,
  order: Order,
  fence: Fence,
): Message[] {
  const [a = '', b = ''] = item.candidates;
  const prompt = renderPrompt(item.prompt);
  const texts = {
    rubric: item.rubric?.text ?? template.defaultRubric,
    prompt,
    first: order === 'ab' ? a : b,
    second: order === 'ab' ? b : a,
  };
  return fillTemplate(template.messages, texts, fence);
}

/** Fills the slots of messages in one pass; `{{nonce}}` is a word that occurs in none of the texts. */
export function fillTemplate(
  messages: readonly Message[],
  texts: SharedTexts & Readonly<Record<string, string>>,
  fence: Fence,
): Message[] {
  const slots = new Map<string, string>(Object.entries(texts));
  slots.set('nonce', fence(texts, [...slots.values()]));
  return messages.map((message) => ({
    role: message.role,
    content: message.content.replace(SLOT, (_, slot: string) => slots.get(slot) ?? ''),
  }));
}

/** A conversation as one text: each turn headed by its role. */
export function renderPrompt(prompt: Item['prompt']): string {
  if (typeof prompt === 'string') return prompt;
  return prompt.map((message) => `${message.role}:\n${message.content}`).join('\n\n');
}
