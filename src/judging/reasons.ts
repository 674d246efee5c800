import type { Call } from '../contracts/call.ts';
import type { ReasonSettings } from '../domain/judge-key.ts';
import type { Item, Message, Order } from '../domain/item.ts';
import type { PromptTemplate } from '../domain/template.ts';
import type { TrailEntry } from '../domain/verdict.ts';
import type { Asker } from './trail-entry.ts';
import { write } from './writing.ts';
import { MOST_REASONING, type WrittenText } from './written-text.ts';

/**
 * Judgments after reasons, as RLAIF asks for them (Lee et al. 2023, arXiv 2309.00267, section 2.1.1): one call in
 * which the judge writes its reasons, and one that goes on from them and reads the probabilities of the label
 * tokens. The second one is needed: a label inside prose has no place that is known before, and only a call of its
 * own can be held to the label tokens on every engine. No label is taken out of the reasons, and reasons that were
 * cut are no reasons.
 */
export interface ReasonedAsker extends Asker {
  /** Absent, or `none`, asks for the label at once. */
  readonly reasons?: ReasonSettings;
}

export interface ReasonQuestion {
  readonly item: Item;
  readonly tier: string;
  /** Null where no two responses are shown. */
  readonly order: Order | null;
  /** What it is about where one item has several questions. */
  readonly part?: string;
  /** The filled template. */
  readonly messages: readonly Message[];
  /** The filled turn that asks for the label. */
  readonly answer: readonly Message[];
}

/** The conversation that ends with the question for the label, and what it took to get there. */
export type Reasoned =
  | { readonly type: 'asks'; readonly messages: readonly Message[]; readonly trail: readonly TrailEntry[] }
  /** There are no whole reasons; the entry has the problem. */
  | { readonly type: 'failed'; readonly entry: TrailEntry };

export async function reasonFirst(
  asker: ReasonedAsker,
  question: ReasonQuestion,
  call: Call,
): Promise<Reasoned> {
  const { reasons } = asker;
  const { item, tier, order, part, messages, answer } = question;
  if (reasons === undefined || reasons.reasoning === 'none') return { type: 'asks', messages, trail: [] };
  const { reasoning, ...limits } = reasons;
  const written = await write(
    asker,
    {
      messages,
      tier,
      ...(order === null ? {} : { order }),
      part: part === undefined ? 'reasons' : `${part}: reasons`,
      ...limits,
      fields: { chat_template_kwargs: { enable_thinking: reasoning === 'think' } },
    },
    call,
  );
  if (!written.ok) return { type: 'failed', entry: written.entry };
  const text = reasonsText(written.value);
  const entry: TrailEntry =
    item.wishes?.reasons === true
      ? { ...written.entry, reasons: text.slice(0, MOST_REASONING) }
      : written.entry;
  return {
    type: 'asks',
    messages: [...messages, { role: 'assistant', content: text }, ...answer],
    trail: [entry],
  };
}

/** Thoughts go on as plain text: templates drop those of earlier turns, and the label would rest on nothing. */
function reasonsText({ reasoning, text }: WrittenText): string {
  return reasoning === null ? text : `${reasoning}\n\n${text}`;
}

/** The example from which label tokens are learned shows the same turns as the question does. */
export function withSampleReasons(
  { answer }: PromptTemplate,
  messages: readonly Message[],
  filled: readonly Message[],
): readonly Message[] {
  if (answer === undefined) return messages;
  return [...messages, { role: 'assistant', content: 'The capital of France is Paris.' }, ...filled];
}
