import { type Interval, wilson } from '../../statistics/binomial.ts';
import { inclusionWeightedMean, poweredMean, shareInterval } from '../../statistics/prediction-powered.ts';

/** A verdict with what is cheaply known of its rightness, and what a person said of it, where one was asked. */
export interface ProxiedItem {
  /** How likely the label is right, in [0, 1]: 1 or 0 for agrees with the reference judge or not, else its confidence. */
  readonly proxy: number;
  /** Whether the label is the person's; null where nobody was asked. */
  readonly agrees: boolean | null;
  /** Probability with which this item was to be put before a person, in (0, 1]; left out where all had the same. */
  readonly inclusion?: number;
}

export type AgreementEstimate =
  | (Interval & {
      readonly known: true;
      readonly gold: number;
      /** How many gold labels alone would give as narrow an interval. */
      readonly worthGold: number;
    })
  | { readonly known: false; readonly gold: number; readonly needed: number };

/**
 * With 50 gold labels an interval of 90 % covers 88 to 90 % of the time where 70 to 90 % agree (simulated, see the
 * test); with fewer, one label more or less moves it too far.
 */
const LEAST_GOLD = 50;

/**
 * Agreement with people from few gold labels and the proxy of all items (prediction-powered inference, see
 * `statistics/prediction-powered.ts`). Right for any proxy; a good one makes the interval narrow. Gold labels must be
 * a random choice: all with one probability, or each with its own `inclusion`.
 */
export function estimateAgreement(items: readonly ProxiedItem[], level = 0.95): AgreementEstimate {
  const labelled = items.filter((item) => item.agrees !== null);
  const gold = labelled.length;
  if (gold < LEAST_GOLD) return { known: false, gold, needed: LEAST_GOLD };
  const agreeing = labelled.filter((item) => item.agrees).length;
  const plain = wilson(agreeing, gold, level);
  // Without a single exception among the gold labels their variance reads as 0: only the exact count speaks then.
  if (agreeing === 0 || agreeing === gold) return { known: true, ...plain, gold, worthGold: gold };
  const powered = items.some((item) => item.inclusion !== undefined)
    ? inclusionWeightedMean(items.map(inclusionRow), level)
    : poweredMean(
        {
          truth: labelled.map(truthOf),
          proxy: labelled.map((item) => item.proxy),
          unlabelledProxy: items.filter((item) => item.agrees === null).map((item) => item.proxy),
        },
        level,
      );
  const share = agreeing / gold;
  return {
    known: true,
    ...shareInterval({ ...powered, estimate: clamp(powered.estimate) }, gold, level),
    gold,
    worthGold: Math.round((share * (1 - share)) / powered.standardError ** 2),
  };
}

function inclusionRow(item: ProxiedItem): { proxy: number; truth?: number; inclusion: number } {
  const row = { proxy: item.proxy, inclusion: item.inclusion ?? 1 };
  return item.agrees === null ? row : { ...row, truth: truthOf(item) };
}

function truthOf({ agrees }: ProxiedItem): number {
  return agrees === true ? 1 : 0;
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share));
}
