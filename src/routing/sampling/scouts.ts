import type { Call } from '../../contracts/call.ts';
import type { Judge } from '../../contracts/judge.ts';
import type { Item } from '../../domain/item.ts';
import type { AnyJudgment } from '../../domain/judgment.ts';
import type { TrailEntry } from '../../domain/verdict.ts';

/** What a cheap judge thinks of an item, in [0, 1]: P(the first candidate is better), or the score. */
export interface Opinion {
  /** Null where the judge gave no judgment. */
  readonly value: number | null;
  readonly trail: readonly TrailEntry[];
}

/** Judges who are asked about every item, so that only those worth it are judged. */
export type Scout = (item: Item, call: Call) => Promise<Opinion>;

/** Asks pairs in one order: what is wanted is where to look, not the label. */
export function scoutOf<J extends AnyJudgment>(judge: Judge<J>): Scout {
  return async (item, call) => {
    const reply = await judge.judge(item, { tier: 'scout', orders: 'one' }, call);
    return { value: reply.ok ? opinionOf(reply.judgment) : null, trail: reply.trail };
  };
}

function opinionOf(judgment: AnyJudgment): number | null {
  if ('probabilities' in judgment) return judgment.probabilities.a + judgment.probabilities.tie / 2;
  return 'score' in judgment ? judgment.score : null;
}
