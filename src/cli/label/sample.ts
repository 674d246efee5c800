import { hashOf } from '../../domain/text-hash.ts';
import { coinOf, inclusionProbabilities } from '../../statistics/inclusion.ts';
import { NearDuplicates, sketchOfItem } from '../../statistics/min-hash.ts';
import { usageError } from '../exit.ts';
import { type Input, readRows, type ValidRow } from './input.ts';
import { readScores, type Scores } from './scores.ts';

/**
 * Which rows of a file are worth asking, each with the probability that it was to be asked. The coin of a row
 * comes from its content and the seed: a run that goes on decides as before, and a larger share takes all that
 * a smaller one took. Holds some 600 bytes for each row where texts are compared, else some 8.
 */
export const SAMPLE_KINDS = ['random', 'uncertainty', 'disagreement', 'diversity'] as const;
export type SampleKind = (typeof SAMPLE_KINDS)[number];

export interface SampleTask {
  readonly kind: SampleKind;
  /** Share of the rows that is to be asked, in (0, 1]. */
  readonly share: number;
  readonly seed: number;
  /** Overlap of five-word shingles from which a row is left out as a near-duplicate; null keeps all. */
  readonly dropNear: number | null;
  /** Outputs of `assay label` on the same rows: one for uncertainty, two for disagreement. */
  readonly scores: readonly string[];
}

export type Drawn =
  | { readonly taken: true; readonly probability: number }
  | { readonly taken: false; readonly probability: number; readonly reason: string };

export interface Sampling {
  /** How the rows were drawn; rows that were drawn otherwise are not mixed with them. */
  readonly text: string;
  /** Rows drawn evenly that would tell as much of a mean as the expected sample does. */
  readonly effectiveShare: number;
  of(row: ValidRow): Drawn;
}

/** Looks at every row once. Throws a usage error for scores that cannot be read or belong to other rows. */
export async function drawSample(task: SampleTask, input: Input): Promise<Sampling> {
  const weigh = await WEIGHERS[task.kind](task);
  const near = task.dropNear === null ? null : new NearDuplicates(task.dropNear);
  const firstLines: number[] = [];
  const nearTo = new Map<number, number>();
  const lines: number[] = [];
  const keep = (row: ValidRow): void => {
    weigh.add(row);
    lines.push(row.line);
  };
  for await (const row of readRows(input)) {
    if (!row.ok) continue;
    const first = near?.add(sketchOfItem(row.item)) ?? null;
    if (first !== null) nearTo.set(row.line, firstLines[first] ?? row.line);
    else {
      firstLines.push(row.line);
      keep(row);
    }
  }
  const probabilities = inclusionProbabilities(weigh.weights(), task.share);
  const byLine = new Map(lines.map((line, index) => [line, probabilities[index] ?? task.share]));
  return {
    text: textOf(task),
    effectiveShare: effectiveShareOf(probabilities),
    of(row) {
      const first = nearTo.get(row.line);
      if (first !== undefined)
        return { taken: false, probability: 1, reason: `is a near-duplicate of line ${first}` };
      const probability = byLine.get(row.line) ?? task.share;
      if (coinOf(hashOf(row.digest), task.seed) < probability) return { taken: true, probability };
      return {
        taken: false,
        probability,
        reason: `was left out by sampling, with probability ${(1 - probability).toFixed(3)}`,
      };
    },
  };
}

/** The expected sample: each row counts with the probability that it is in it. */
function effectiveShareOf(probabilities: readonly number[]): number {
  const even = probabilities.length;
  if (even === 0) return 0;
  // Sum of p x (1/p) is n, sum of p x (1/p)^2 is the sum of 1/p.
  const inverse = probabilities.reduce((total, p) => total + 1 / p, 0);
  return even / inverse;
}

function textOf({ kind, share, seed, dropNear, scores }: SampleTask): string {
  const parts = [kind, `share ${share}`, `seed ${seed}`];
  if (dropNear !== null) parts.push(`near ${dropNear}`);
  if (scores.length > 0) parts.push(`scores ${scores.join(' ')}`);
  return parts.join(', ');
}

/** Takes the rows one by one; says at the end how much each is worth asking. */
interface Weigher {
  add(row: ValidRow): void;
  weights(): readonly number[];
}

const WEIGHERS: Readonly<Record<SampleKind, (task: SampleTask) => Promise<Weigher>>> = {
  random: async () => weigher(() => 1),
  /** The spread of a coin that falls as the judge says: what labels should be bought by to estimate a mean best. */
  async uncertainty({ scores }) {
    const [said = new Map<string, number>()] = await scoresOf(scores, 1, 'uncertainty');
    return weigher(({ digest }) => {
      const p = said.get(digest);
      return p === undefined ? MOST_UNCERTAIN : Math.sqrt(p * (1 - p));
    });
  },
  /** How far two judges lie apart. */
  async disagreement({ scores }) {
    const [one = new Map<string, number>(), other = new Map<string, number>()] = await scoresOf(
      scores,
      2,
      'disagreement',
    );
    return weigher(({ digest }) => {
      const [p, q] = [one.get(digest), other.get(digest)];
      return p === undefined || q === undefined ? 1 : Math.abs(p - q);
    });
  },
  diversity: async () => clusterWeigher(),
};

/** Of a row that the judge did not judge. */
const MOST_UNCERTAIN = 0.5;

function weigher(weightOf: (row: ValidRow) => number): Weigher {
  const weights: number[] = [];
  return { add: (row) => void weights.push(weightOf(row)), weights: () => weights };
}

/** Overlap from which rows are of one kind. */
const ALIKE = 0.3;

/** Rows of one kind share the weight of one row, so that rare kinds are asked as much as frequent ones. */
function clusterWeigher(): Weigher {
  const clusters = new NearDuplicates(ALIKE);
  const clusterOf: number[] = [];
  const sizes: number[] = [];
  return {
    add(row) {
      const cluster = clusters.add(sketchOfItem(row.item)) ?? sizes.push(0) - 1;
      sizes[cluster] = (sizes[cluster] ?? 0) + 1;
      clusterOf.push(cluster);
    },
    weights: () => clusterOf.map((cluster) => 1 / (sizes[cluster] ?? 1)),
  };
}

async function scoresOf(paths: readonly string[], count: number, kind: SampleKind): Promise<Scores[]> {
  if (paths.length !== count) {
    const wanted = count === 1 ? 'one output' : 'two outputs';
    throw usageError(`--scores: --sample ${kind} needs ${wanted} of \`assay label\` on the same rows`);
  }
  return Promise.all(paths.map((path) => readScores(path)));
}
