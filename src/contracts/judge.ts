import type { JudgeReply } from '../domain/judgment.ts';
import type { Item } from '../domain/item.ts';
import type { Call } from './call.ts';

/** Engine + model + prompt template + parser: one item in, one judgment out. */
export interface Judge {
  readonly name: string;
  /**
   * Asks about the two candidates of `item`. Never throws for what an engine does: failures are replies.
   * `tier` is only written into the trail.
   */
  judge(item: Item, tier: string, call: Call): Promise<JudgeReply>;
}
