import type { LabelOdds, Opinion } from './label-odds.ts';
import { afterLabel, certainNext, labelNext } from './language-model.ts';
import type { NextToken } from './next-token.ts';
import { findPair, section } from './pair-prompt.ts';

/** What the model thinks of each of several pairs in one prompt; it answers with a line for each. */
export interface NumberedOdds {
  readonly items: readonly LabelOdds[];
}

const OPENING = /\[item 1 ([a-z0-9]+)\]\n/;

/** The items of a prompt, each between `[item N CODE]` and its closing mark; none where it shows a pair alone. */
export function findItems(text: string): readonly string[] {
  const code = OPENING.exec(text)?.[1];
  const items: string[] = [];
  for (let from = 0; code !== undefined;) {
    const item = section(text, `item ${items.length + 1}`, code, from);
    if (item === null) break;
    items.push(item.text);
    from = item.end;
  }
  return items;
}

/** What the model thinks of them; a message where it has no opinion of one, null where one shows no pair. */
export function numberedOddsOf(items: readonly string[], opinion: Opinion): NumberedOdds | string | null {
  const odds: LabelOdds[] = [];
  for (const text of items) {
    const pair = findPair(text);
    if (pair === null) return null;
    const answer = opinion(pair);
    if (!answer.ok) return answer.message;
    odds.push(answer.odds);
  }
  return { items: odds };
}

/** Number, colon, label and end of line. */
const TOKENS_PER_ITEM = 4;

/** The token that comes after so many: a label in its place, else what the form of the answer wants. */
export function numberedNext({ items }: NumberedOdds, count: number): NextToken {
  const place = Math.floor(count / TOKENS_PER_ITEM);
  const odds = items[place];
  const seed = (odds ?? items[0])?.hash ?? 0;
  const isOver = odds === undefined || count === items.length * TOKENS_PER_ITEM - 1;
  if (isOver) return afterLabel(seed);
  const within = count % TOKENS_PER_ITEM;
  return within === 2 ? labelNext(odds) : certainNext([`${place + 1}`, ':', '', '\n'][within] ?? '', seed);
}

export function isNumbered(odds: object): odds is NumberedOdds {
  return 'items' in odds;
}
