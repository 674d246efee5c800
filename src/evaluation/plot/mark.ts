/** A point in the units of the axes. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A vertical interval at `x`. */
export interface Interval {
  readonly x: number;
  readonly low: number;
  readonly high: number;
}

/** Colours by number, 1 to 7, 5 is grey; the page's style sheet has one set for light and one for dark. */
export type Series = 1 | 2 | 3 | 4 | 5 | 6 | 7;

interface Named {
  /** Text of the legend; marks without a name are not in it. */
  readonly name?: string;
  readonly series: Series;
}

/** What can be drawn over a pair of axes, later ones above earlier ones. */
export type Mark =
  | (Named & {
      readonly type: 'line';
      readonly points: readonly Point[];
      readonly dashed?: boolean;
      readonly step?: boolean;
    })
  | (Named & { readonly type: 'band'; readonly intervals: readonly Interval[] })
  | (Named & {
      readonly type: 'dots';
      readonly points: readonly (Point & { readonly hint?: string })[];
      readonly radius?: number;
    })
  | (Named & { readonly type: 'whiskers'; readonly intervals: readonly Interval[] })
  | (Named & {
      readonly type: 'bars';
      readonly bars: readonly (Point & { readonly width: number; readonly hint?: string })[];
    })
  /** A straight line over the whole plot, at one `y` or one `x`. */
  | (Named & {
      readonly type: 'rule';
      readonly at: number;
      readonly along: 'x' | 'y';
      readonly dashed?: boolean;
    });
