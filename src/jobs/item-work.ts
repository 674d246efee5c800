import type { ItemEnd, PendingItem } from '../contracts/job-store.ts';
import type { Problem } from '../domain/errors.ts';
import type { TrialControl } from './item-trial.ts';

/** How the items of one kind of job get their ends; everything around it is the same for all. */
export interface ItemWork {
  /** Null when it was halted or dropped before there was an answer: then the item has no end yet. */
  judge(item: PendingItem, control: TrialControl): Promise<ItemEnd | null>;
  /** Ends items for this reason, without asking anybody. */
  end(items: readonly PendingItem[], problem: Problem): Promise<readonly ItemEnd[]>;
}
