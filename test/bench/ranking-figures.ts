import type { Router } from '../../src/contracts/routing.ts';
import type { Item, Wishes } from '../../src/domain/item.ts';
import { judgmentOf } from '../../src/domain/judgment.ts';
import { createRanker } from '../../src/routing/ranking/ranker.ts';
import { fitBradleyTerry } from '../../src/statistics/bradley-terry.ts';
import { allPairs } from '../../src/statistics/pair-choice.ts';
import { createSeededRandom, shuffle } from '../../src/statistics/random.ts';
import { kendallTau } from '../../src/statistics/ranking.ts';
import { keyOfModel } from '../fakes/judge-key.ts';

/**
 * Groups of 16 with planted strengths (standard normal) and a judge that says sigmoid(3 x gap + 0.6 x noise),
 * as the larger simulated one does in both orders. How many comparisons until Kendall's tau with the
 * planted order is .9 on the mean, for the ranker itself and for pairs drawn at random?
 */
const SIZE = 16;
const GROUPS = 60;
const PAIRS = allPairs(SIZE);
const SHARPNESS = 3;
const NOISE = 0.6;
const WANTED = 0.9;

export interface RankingFigures {
  readonly share: number | null;
  readonly randomShare: number | null;
  readonly tauOfAll: number;
  readonly curve: readonly {
    readonly comparisons: number;
    readonly adaptive: number;
    readonly random: number;
  }[];
}

export async function rankingFigures(): Promise<RankingFigures> {
  const groups = Array.from({ length: GROUPS }, (_, seed) => plant(seed));
  const curve: RankingFigures['curve'][number][] = [];
  for (let comparisons = SIZE; comparisons <= PAIRS.length; comparisons += 4) {
    let [adaptive, random] = [0, 0];
    for (const group of groups) {
      adaptive += (await tauOfRanker(group, { method: 'adaptive', comparisons })) / GROUPS;
      random += tauOfRandom(group, comparisons) / GROUPS;
    }
    curve.push({ comparisons, adaptive: rounded(adaptive), random: rounded(random) });
  }
  const first = (read: (row: (typeof curve)[number]) => number): number | null => {
    const row = curve.find((one) => read(one) >= WANTED);
    return row === undefined ? null : rounded(row.comparisons / PAIRS.length);
  };
  return {
    share: first(({ adaptive }) => adaptive),
    randomShare: first(({ random }) => random),
    tauOfAll: curve.at(-1)?.adaptive ?? Number.NaN,
    curve,
  };
}

interface Group {
  readonly strengths: readonly number[];
  /** P(first is better) by pair, as `0 3`. */
  readonly said: ReadonlyMap<string, number>;
  readonly order: readonly (readonly [number, number])[];
}

function plant(seed: number): Group {
  const random = createSeededRandom(seed);
  const strengths = Array.from({ length: SIZE }, () => random.normal());
  const said = new Map(
    PAIRS.map(([one, other]) => {
      const gap = (strengths[one] ?? 0) - (strengths[other] ?? 0);
      return [`${one} ${other}`, 1 / (1 + Math.exp(-(SHARPNESS * gap + NOISE * random.normal())))];
    }),
  );
  return { strengths, said, order: shuffle(PAIRS, random) };
}

async function tauOfRanker({ strengths, said }: Group, wishes: Wishes): Promise<number> {
  const router: Router = {
    async route({ candidates: [first = '', second = ''] }) {
      const [one, other] = [Number(first), Number(second)];
      const a = one < other ? saidOf(said, one, other) : 1 - saidOf(said, other, one);
      const probabilities = { a, b: 1 - a, tie: 0 };
      const reading = { order: 'ab', probabilities, worstCase: 1, censored: false, mass: 1 } as const;
      const judgment = judgmentOf([reading], keyOfModel('planted'));
      const end = { type: 'accepted', tier: 'one', judgment, certificate: null, basis: 'reference' } as const;
      return { end, trail: [], decisions: [], difficulty: null, inclusion: 1 };
    },
  };
  const item: Item = {
    id: 'group',
    prompt: 'planted',
    candidates: strengths.map((_, position) => String(position)),
    rubric: undefined,
    wishes,
    metadata: {},
  };
  const call = {
    requestId: 'bench',
    team: 'bench',
    signal: new AbortController().signal,
    deadline: Number.POSITIVE_INFINITY,
  };
  const { end } = await createRanker({ router, resolvedAt: 1, concurrency: SIZE }).rank(item, call, 'vrd_1');
  if (end.type !== 'ranked') throw new Error(end.problem.message);
  return kendallTau(end.result.rewards, strengths);
}

function tauOfRandom({ strengths, said, order }: Group, comparisons: number): number {
  const asked = order
    .slice(0, comparisons)
    .map(([first, second]) => ({ first, second, win: saidOf(said, first, second) }));
  return kendallTau(fitBradleyTerry(SIZE, asked).strengths, strengths);
}

function saidOf(said: ReadonlyMap<string, number>, one: number, other: number): number {
  return said.get(`${one} ${other}`) ?? 0.5;
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
