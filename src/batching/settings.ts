/** Settings of the queue before one engine; they may change while calls wait. */
export interface QueueSettings {
  /** Calls that may wait, >= 0. */
  readonly maximumWaiting: number;
  /** Bytes of their texts, as estimated. */
  readonly maximumBytes: number;
  /** Time in milliseconds after which a class that is passed over gets a place out of its turn. */
  readonly promoteAfterMs: number;
  /** Share of the places, in [0, 1), that the classes `batch` and `audit` leave free for the others. */
  readonly reserve: number;
  /** Share of a team in each class, > 0. */
  shareOf(team: string): number;
}
