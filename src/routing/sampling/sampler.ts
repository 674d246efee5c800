import { hash } from 'node:crypto';
import type { Call } from '../../contracts/call.ts';
import type { Draw, LineSampler, Sampler } from '../../contracts/sampling.ts';
import type { Item } from '../../domain/item.ts';
import { hashOf } from '../../domain/text-hash.ts';
import type { TrailEntry } from '../../domain/verdict.ts';
import { coinOf, LEAST_INCLUSION } from '../../statistics/inclusion.ts';
import { sketchOfItem } from '../../statistics/min-hash.ts';
import { SamplingPace } from '../../statistics/sampling-pace.ts';
import { RecentTexts } from './recent-texts.ts';
import type { Scout } from './scouts.ts';

/**
 * Sampling of a stream: which items are worth judging, decided as each comes, from it and those before it. It
 * owns the probabilities and the coins, tells both, and changes no judgment. It holds no queue and looks at no
 * later item: what needs the whole file first is in the command line (`assay label --sample`).
 */
export interface SamplerOptions<M> {
  readonly method: M;
  /** Share of the items that is to be judged, in (0, 1]. */
  readonly share: number;
  /** Equal seeds toss equal coins for equal items. */
  readonly seed: number;
  /** Overlap of five-word shingles from which an item is left out as a near-duplicate; null keeps all. */
  readonly dropNear: number | null;
}

/** Methods that look at texts alone: all; all alike; rare kinds as much as frequent ones. */
export interface TextMethod {
  readonly type: 'all' | 'random' | 'diversity';
}

export type SamplingMethod =
  | TextMethod
  /** Where a cheap judge is not sure. */
  | { readonly type: 'uncertainty'; readonly scout: Scout }
  /** Where two cheap judges lie apart. */
  | { readonly type: 'disagreement'; readonly scouts: readonly [Scout, Scout] };

/** Texts that are remembered for overlap, and items whose draw is remembered. */
const MOST_REMEMBERED = 20_000;
/** Overlap from which texts are of one kind. */
const ALIKE = 0.3;

/** For the lines of one list, each drawn once. */
export function createLineSampler(options: SamplerOptions<TextMethod>): LineSampler {
  const coins = createCoins(options);
  const weightOf = textWeights(options.method);
  return { draw: (item) => coins.near(item) ?? coins.toss(item, weightOf(item), []) };
}

/** For the traffic of a policy, in which the same item may come again. */
export function createSampler(options: SamplerOptions<SamplingMethod>): Sampler {
  const coins = createCoins(options);
  const weigh = weigherOf(options.method);
  const draws = new Map<string, Promise<Draw>>();

  const drawNew = async (item: Item, call: Call): Promise<Draw> => {
    const near = coins.near(item);
    if (near !== null) return near;
    const { weight, trail } = await weigh(item, call);
    return coins.toss(item, weight, trail);
  };

  return {
    async draw(item, call) {
      const key = hash('sha256', textOf(item), 'base64url');
      const known = draws.get(key);
      if (known !== undefined) return known;
      const draw = drawNew(item, call);
      // Who asks again, as after a failure, gets no second coin, and does not pay for the scouts twice.
      draws.set(
        key,
        draw.then((drawn) => ({ ...drawn, trail: [] })),
      );
      const [oldest] = draws.keys();
      if (draws.size > MOST_REMEMBERED && oldest !== undefined) draws.delete(oldest);
      return draw;
    },
  };
}

/** What tells one item from another. */
function textOf({ prompt, candidates, rubric }: Item): string {
  return JSON.stringify([prompt, candidates, rubric?.id ?? null]);
}

interface Coins {
  /** The draw of an item that is near to an earlier one; null for all others. */
  near(item: Item): Draw | null;
  toss(item: Item, weight: number, trail: readonly TrailEntry[]): Draw;
}

function createCoins({ method, share, seed, dropNear }: SamplerOptions<Pick<SamplingMethod, 'type'>>): Coins {
  const pace = new SamplingPace(share, USUAL_WEIGHTS[method.type], LEAST_INCLUSION);
  const texts = dropNear === null ? null : new RecentTexts(dropNear, MOST_REMEMBERED);
  return {
    near(item) {
      const met = texts?.meet(sketchOfItem(item), item.id);
      if (met === undefined || met.before === 0) return null;
      return { taken: false, inclusion: 1, reason: `is a near-duplicate of ${met.first}`, trail: [] };
    },
    toss(item, weight, trail) {
      const inclusion = method.type === 'all' ? 1 : pace.next(weight);
      const taken = coinOf(hashOf(textOf(item)), seed) < inclusion;
      const left = `was left out by sampling, with probability ${(1 - inclusion).toFixed(3)}`;
      return { taken, inclusion, reason: taken ? null : left, trail };
    },
  };
}

/** What the pace of each method begins with: about the mean of its weights on pairs of answers. */
const USUAL_WEIGHTS = { all: 1, random: 1, diversity: 0.7, uncertainty: 0.35, disagreement: 0.2 } as const;

function textWeights({ type }: TextMethod): (item: Item) => number {
  if (type !== 'diversity') return () => 1;
  const kinds = new RecentTexts(ALIKE, MOST_REMEMBERED);
  return (item) => 1 / (1 + kinds.meet(sketchOfItem(item), item.id).before);
}

interface Weighed {
  readonly weight: number;
  readonly trail: readonly TrailEntry[];
}

function weigherOf(method: SamplingMethod): (item: Item, call: Call) => Promise<Weighed> {
  switch (method.type) {
    case 'uncertainty':
      return async (item, call) => {
        const { value, trail } = await method.scout(item, call);
        return { weight: value === null ? MOST_UNCERTAIN : Math.sqrt(value * (1 - value)), trail };
      };
    case 'disagreement':
      return async (item, call) => {
        const [first, second] = method.scouts;
        const [one, other] = await Promise.all([first(item, call), second(item, call)]);
        const isOpen = one.value === null || other.value === null;
        return {
          weight: isOpen ? 1 : Math.abs((one.value ?? 0) - (other.value ?? 0)),
          trail: [...one.trail, ...other.trail],
        };
      };
    default: {
      const weightOf = textWeights(method);
      return async (item) => ({ weight: weightOf(item), trail: [] });
    }
  }
}

/** Of an item that the scout did not judge. */
const MOST_UNCERTAIN = 0.5;
