/**
 * Inclusion probabilities for items that come one by one: in proportion to a weight, so that their mean becomes
 * a share. Each probability depends on the item and on those before it alone, so that weights of 1 / probability
 * keep sums unbiased (Horvitz and Thompson 1952), whatever the stream does.
 */
export class SamplingPace {
  readonly #share: number;
  readonly #least: number;
  /** Makes steps alike for all shares: where nearly all is taken, the probabilities can hardly differ from it. */
  readonly #spread: number;
  #scale: number;
  #seen = 0;

  /**
   * @param share - Wished mean of the probabilities, in (0, 1].
   * @param usual - A usual weight, > 0: where the pace begins.
   * @param least - Least probability of any item, in (0, 1]; `share` where that is smaller.
   */
  constructor(share: number, usual: number, least: number) {
    this.#share = share;
    this.#least = Math.min(least, share);
    this.#spread = Math.max(LEAST_SPREAD, share * (1 - share));
    this.#scale = share / usual;
  }

  /** The probability of the next item, whose weight is finite and >= 0. */
  next(weight: number): number {
    const p = Math.min(1, Math.max(this.#least, weight * this.#scale));
    // Robbins and Monro 1951: steps of 1/n until they are small, then small ones for ever, as streams change.
    this.#seen += 1;
    const step = Math.max(1 / (this.#seen + FIRST_ITEMS), LEAST_STEP);
    this.#scale *= Math.exp((step * (this.#share - p)) / this.#spread);
    // Where no weight can bring the mean up or down, the scale must still find back soon.
    this.#scale = Math.min(MOST_SCALE, Math.max(1 / MOST_SCALE, this.#scale));
    return p;
  }
}

/** Items before which the first guess counts for much. */
const FIRST_ITEMS = 10;
const LEAST_STEP = 0.01;
const LEAST_SPREAD = 0.05;
const MOST_SCALE = 1e4;
