/** Plenty is left when a slice is no more than this part of it. */
const PART = 8;

export interface SliceWish {
  readonly most: number;
  /** The holder's lease without what is granted now. */
  readonly keep: number;
  readonly want: number;
  readonly wish: number;
}

/**
 * How much more of a budget a gateway gets, an integer: what it wants or nothing, and more than that only as long
 * as it is a small part of what is left. So slices shrink as the budget nears its end, and the last ones are exact.
 */
export function grantOf(
  { most, keep, want, wish }: SliceWish,
  { spent, elsewhere }: { readonly spent: number; readonly elsewhere: number },
): number {
  const left = most - spent - keep - elsewhere;
  if (left < want || left <= 0) return 0;
  return Math.max(want, Math.min(wish, Math.floor(left / PART)));
}
