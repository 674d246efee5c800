import type { ItemInput } from '../../contracts/feedback.ts';
import type { Item, Message } from '../../domain/item.ts';
import type { Rubric } from '../../domain/rubric.ts';
import { isNotBlank } from '../passage.ts';
import { type Checked, invalid } from '../problems.ts';
import type { TrainerSettings } from './settings.ts';

/** One response that a trainer wants a reward for. */
export interface Asked {
  /** Where it stands in the body, such as `query[0]`. */
  readonly place: string;
  readonly prompt: string | readonly Message[];
  readonly response: string;
  /** The trainer's label; null where it has none. */
  readonly label: string | null;
}

/** A response for the judges, or one whose reward the URL gave. */
export type Rewardable =
  | { readonly type: 'judge'; readonly input: ItemInput }
  | { readonly type: 'given'; readonly score: number };

/**
 * Makes items of what is asked; every response that cannot be one is told at once. A blank response has the
 * reward that the URL names, and is refused without one: no number is made up for it.
 */
export function itemsOf(
  asked: readonly Asked[],
  { blank, reference }: TrainerSettings,
  rubric: Rubric | undefined,
): Checked<readonly Rewardable[]> {
  const problems = asked.flatMap(({ place, prompt, response }) => {
    if (!isNotBlank(response)) {
      return blank === undefined
        ? [invalid(place, 'has a blank response; name its reward in the URL, as ?blank=0')]
        : [];
    }
    return isPromptBlank(prompt) ? [invalid(place, 'has a blank prompt')] : [];
  });
  if (problems.length > 0) return { ok: false, problems };
  const value = asked.map((each, position): Rewardable => {
    if (blank !== undefined && !isNotBlank(each.response)) return { type: 'given', score: blank };
    const item = itemOf(each, `item-${position}`, rubric);
    const { label } = each;
    const withLabel = reference && label !== null && isNotBlank(label);
    return {
      type: 'judge',
      input: { ok: true, item: withLabel ? { ...item, wishes: { reference: label } } : item },
    };
  });
  return { ok: true, value };
}

function itemOf({ prompt, response }: Asked, id: string, rubric: Rubric | undefined): Item {
  return { id, prompt, candidates: [response], rubric, metadata: {} };
}

function isPromptBlank(prompt: Asked['prompt']): boolean {
  if (typeof prompt === 'string') return !isNotBlank(prompt);
  return !prompt.some(({ content }) => isNotBlank(content));
}
