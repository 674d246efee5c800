import { hash } from 'node:crypto';
import type { Item, Order } from '../domain/item.ts';

/** Who asks under which promise: with the item, everything that a label depends on. */
export interface LabelScope {
  readonly team: string;
  /** The policy's judges and what it promises about their labels, in a stable form. */
  readonly promise: string;
  /** Stable form of the item's stratum, see domain/stratum.ts. */
  readonly stratum: string;
}

export interface LabelKey {
  /** The same for both arrangements of the two candidates. */
  readonly pair: string;
  /** How they stand in this item: `ab` when the first sorts before the second, or equals it. */
  readonly order: Order;
  /** For this arrangement alone. */
  readonly arranged: string;
}

/**
 * The key of an item's label: SHA-256 over the JSON of all fields. JSON quotes every text, tells a text from
 * a list of messages and escapes lone surrogates, so that two requests that differ anywhere differ here.
 */
export function labelKeyOf({ team, promise, stratum }: LabelScope, item: Item): LabelKey {
  const { prompt, candidates, rubric } = item;
  const [first = '', second = ''] = candidates;
  const order: Order = first <= second ? 'ab' : 'ba';
  const pair = order === 'ab' ? [first, second] : [second, first];
  const asked = typeof prompt === 'string' ? prompt : prompt.map(({ role, content }) => [role, content]);
  const guide = rubric === undefined ? null : [rubric.id, rubric.text];
  const digest = hash(
    'sha256',
    JSON.stringify(['preference', team, promise, stratum, guide, asked, pair]),
    'base64url',
  );
  return { pair: digest, order, arranged: `${digest}.${order}` };
}
