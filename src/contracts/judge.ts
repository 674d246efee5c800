import type { AnyJudgment, JudgeReply, Judgment } from '../domain/judgment.ts';
import type { Item } from '../domain/item.ts';
import type { Call } from './call.ts';

/** How an item is to be put before a judge. */
export interface JudgeQuestion {
  /** Name of the tier; only written into the trail. */
  readonly tier: string;
  /** One order costs half and keeps position bias; without it the judge does as it is configured. */
  readonly orders?: 'one' | 'both';
  /** The same judge's judgment in one order: only the other order is asked, and both are averaged. */
  readonly before?: Judgment;
}

/** Engine + model + prompt template + parser: one item in, one judgment out. */
export interface Judge<J extends AnyJudgment = Judgment> {
  readonly name: string;
  /**
   * Asks about the candidates of `item`. Never throws for what an engine does: failures are replies.
   * The trail has the calls of this question alone, not those of `before`.
   */
  judge(item: Item, question: JudgeQuestion, call: Call): Promise<JudgeReply<J>>;
}
