import type { InputItem } from '../label/item.ts';
import type { ReadVerdict } from './verdicts.ts';

/** Two responses of which one was found better, or a tie in the order of the input. */
export interface Preference {
  readonly chosen: string;
  readonly rejected: string;
  /** P(chosen is better), ties by half; null when nobody said. */
  readonly probability: number | null;
  readonly isTie: boolean;
}

/**
 * The preference that a verdict of any kind holds; null where it holds none. Rankings compare their best with
 * their worst; a chain of revisions compares its last one with the response that came.
 */
export function preferenceOf(item: InputItem, verdict: ReadVerdict): Preference | null {
  if (verdict.outcome !== 'ok' && verdict.outcome !== 'tie') return null;
  if (verdict.ranking !== undefined) return ofRanking(item, verdict.ranking);
  if (verdict.critique !== undefined) return ofRevision(item, verdict.critique);
  return ofPair(item, verdict);
}

function ofPair({ candidates }: InputItem, { label, probabilities }: ReadVerdict): Preference | null {
  const [a, b] = candidates;
  if (a === undefined || b === undefined || label === null) return null;
  const ofA = probabilities === null ? null : probabilities.a + probabilities.tie / 2;
  if (label !== 'b') return { chosen: a, rejected: b, probability: ofA, isTie: label === 'tie' };
  return { chosen: b, rejected: a, probability: ofA === null ? null : 1 - ofA, isTie: false };
}

function ofRanking(
  { candidates }: InputItem,
  { rewards, order }: NonNullable<ReadVerdict['ranking']>,
): Preference | null {
  const [best, worst] = [order[0], order.at(-1)];
  if (best === undefined || worst === undefined || best === worst) return null;
  const [chosen, rejected] = [candidates[best], candidates[worst]];
  const gap = (rewards[best] ?? Number.NaN) - (rewards[worst] ?? Number.NaN);
  if (chosen === undefined || rejected === undefined || Number.isNaN(gap)) return null;
  return { chosen, rejected, probability: 1 / (1 + Math.exp(-gap)), isTie: gap === 0 };
}

function ofRevision(
  { candidates }: InputItem,
  { revision, improvement }: NonNullable<ReadVerdict['critique']>,
): Preference | null {
  const [response] = candidates;
  if (response === undefined || revision === null) return null;
  if (improvement !== null && improvement < 0.5) {
    return { chosen: response, rejected: revision, probability: 1 - improvement, isTie: false };
  }
  return { chosen: revision, rejected: response, probability: improvement, isTie: improvement === 0.5 };
}
