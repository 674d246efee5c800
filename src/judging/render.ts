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
  const texts = { rubric: item.rubric?.text ?? template.defaultRubric, ...textsOf(item, order) };
  return fillTemplate(template.messages, texts, fence);
}

/** An item with the order in which its candidates are shown. */
export interface ShownItem {
  readonly item: Item;
  readonly order: Order;
}

/**
 * Fills a template that shows several items of one rubric, numbered in their order; its `item` is
 * written for each. One word that no text of any of them contains fences them all.
 */
export function renderSeveral(
  template: PromptTemplate & { readonly item: string },
  shown: readonly ShownItem[],
  fence: Fence,
): Message[] {
  const rubric = shown[0]?.item.rubric?.text ?? template.defaultRubric;
  const texts = shown.map(({ item, order }) => textsOf(item, order));
  const shared = { rubric, prompt: texts.map(({ prompt }) => prompt).join('\n') };
  const nonce = fence(shared, [rubric, ...texts.flatMap((each) => Object.values(each))]);
  const blocks = texts.map((each, place) =>
    fill(template.item, new Map(Object.entries({ ...each, number: String(place + 1), nonce }))),
  );
  const slots = new Map([
    ['rubric', rubric],
    ['items', blocks.join('\n\n')],
    ['nonce', nonce],
  ]);
  return template.messages.map(({ role, content }) => ({ role, content: fill(content, slots) }));
}

function textsOf(item: Item, order: Order): Readonly<Record<'prompt' | 'first' | 'second', string>> {
  const [a = '', b = ''] = item.candidates;
  const [first, second] = order === 'ab' ? [a, b] : [b, a];
  return { prompt: renderPrompt(item.prompt), first, second };
}

/** Fills the slots of messages in one pass; `{{nonce}}` is a word that occurs in none of the texts. */
export function fillTemplate(
  messages: readonly Message[],
  texts: SharedTexts & Readonly<Record<string, string>>,
  fence: Fence,
): Message[] {
  const slots = new Map<string, string>(Object.entries(texts));
  slots.set('nonce', fence(texts, [...slots.values()]));
  return messages.map(({ role, content }) => ({ role, content: fill(content, slots) }));
}

/** One pass: what stands in a text that is put in is never read as a slot. */
function fill(text: string, slots: ReadonlyMap<string, string>): string {
  return text.replace(SLOT, (_, slot: string) => slots.get(slot) ?? '');
}

/** A conversation as one text: each turn headed by its role. */
export function renderPrompt(prompt: Item['prompt']): string {
  if (typeof prompt === 'string') return prompt;
  return prompt.map((message) => `${message.role}:\n${message.content}`).join('\n\n');
}
