/** Prices of one judgment by the small and by the reference judge, for items of one length. */
export interface CostRatio {
  /** Small judge's cost over the reference's, 0 or more. */
  readonly ratio: number;
  /** Nano-dollars of one judgment by the reference; null until measured. */
  readonly referenceNanoUsd: number | null;
  readonly measured: boolean;
}

/** Keeps moving averages of what judgments cost, by length of the item: caches and batches make prices move. */
export interface CostRatios {
  observe(judge: 'small' | 'reference', characters: number, nanoUsd: number): void;
  /** For an item of this length: of its own bucket, else of all lengths, else the ratio of the price list. */
  ratio(characters: number): CostRatio;
  snapshot(): CostState;
}

/** Plain JSON: one pair of averages for each length bucket, and one for all lengths under `all`. */
export type CostState = Readonly<Record<string, CostPair>>;

interface CostPair {
  readonly small: MovingMean;
  readonly reference: MovingMean;
}

interface MovingMean {
  readonly mean: number;
  readonly count: number;
}

/** Share that the newest cost has in the average; the first few weigh alike. */
const NEWEST = 0.02;
const LEAST_COSTS = 20;
const NOTHING: MovingMean = { mean: 0, count: 0 };
const ALL = 'all';

/** `listed`: small over reference as the configured prices say, for as long as nothing is measured. */
export function createCostRatios(listed: number, from: CostState = {}): CostRatios {
  const pairs = new Map<string, CostPair>(Object.entries(from));
  const pairOf = (bucket: string): CostPair => pairs.get(bucket) ?? { small: NOTHING, reference: NOTHING };
  return {
    observe(judge, characters, nanoUsd) {
      for (const bucket of [bucketOf(characters), ALL]) {
        const pair = pairOf(bucket);
        pairs.set(bucket, { ...pair, [judge]: moved(pair[judge], nanoUsd) });
      }
    },
    ratio(characters) {
      const pair = [pairOf(bucketOf(characters)), pairOf(ALL)].find(isMeasured);
      if (pair === undefined) return { ratio: listed, referenceNanoUsd: null, measured: false };
      const { small, reference } = pair;
      return { ratio: small.mean / reference.mean, referenceNanoUsd: reference.mean, measured: true };
    },
    snapshot: () => Object.fromEntries(pairs),
  };
}

/** One bucket for each doubling of the length. */
function bucketOf(characters: number): string {
  return String(Math.floor(Math.log2(Math.max(1, characters))));
}

function moved({ mean, count }: MovingMean, value: number): MovingMean {
  return { mean: mean + (value - mean) * Math.max(NEWEST, 1 / (count + 1)), count: count + 1 };
}

function isMeasured({ small, reference }: CostPair): boolean {
  return small.count >= LEAST_COSTS && reference.count >= LEAST_COSTS && reference.mean > 0;
}
