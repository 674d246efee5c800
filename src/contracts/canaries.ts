import type { Item } from '../domain/item.ts';
import type { Label } from '../domain/verdict.ts';
import type { Call } from './call.ts';

/** A pair whose right label is known. */
export interface GoldItem {
  readonly item: Item;
  readonly gold: Label;
}

/** How a policy labels its canary pairs, since `since`. */
export interface CanaryQuality {
  /** Probability with which a judged pair sends a canary after it. */
  readonly share: number;
  /** Pairs in the file. */
  readonly items: number;
  readonly asked: number;
  /** Those that came to a label, and those of them whose label is the gold one. */
  readonly judged: number;
  readonly agreed: number;
  /** Exact 95 % interval (Clopper and Pearson) of P(a label is the gold one); null while nothing was judged. */
  readonly agreement: { readonly value: number; readonly low: number; readonly high: number } | null;
  /** Milliseconds since 1970. */
  readonly since: number;
}

/** Sends canaries behind replies, on a path that learns nothing from them. */
export interface Canaries {
  /** A pair of this call was judged: perhaps a canary follows. */
  mayFollow(call: Call): void;
}
