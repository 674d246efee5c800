import type { Item } from '../domain/item.ts';
import type { Label } from '../domain/verdict.ts';

/** An item that is judged again and again, so that a judge that changed in silence is found out. */
export interface AnchorItem {
  readonly item: Item;
  /** What a person says of it; null when nobody did. */
  readonly gold: Label | null;
}

/** How one judge answers the anchor set of a policy. */
export interface AnchorQuality {
  /** Name of the tier. */
  readonly judge: string;
  /** Items of the set that it has answered at least once as it is now. */
  readonly known: number;
  readonly items: number;
  /** Answers beyond the first to each item, and how many of them differ from it. */
  readonly repeated: number;
  readonly changed: number;
  /** Newest answers to items with a gold label, and how many of them are it. */
  readonly gold: number;
  readonly right: number;
  readonly lastAlarm: { readonly at: number; readonly detail: string } | null;
}
