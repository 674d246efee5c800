import type { CalibrationItem } from '../../src/contracts/certificate.ts';
import { labelOfSignals } from '../../src/domain/signals.ts';
import type { Label } from '../../src/domain/verdict.ts';
import { featuresOf } from '../../src/routing/difficulty/features.ts';
import { createDifficultyLearner } from '../../src/routing/difficulty/learner.ts';
import { createSeededRandom, shuffle } from '../../src/statistics/random.ts';
import type { RecordedItem } from './router-data.ts';
import type { Draw } from './router-draws.ts';

/** One way of labelling, over all items. */
export interface Baseline {
  readonly name: string;
  /** Shares of labels that are the reference's, and a person's. */
  readonly reference: number;
  readonly human: number;
  /** In units of one reference call. */
  readonly cost: number;
}

interface BaselineOptions {
  /** Cost of one small judgment against the reference's. */
  readonly costRatio: number;
  readonly seed: number;
  readonly draws: readonly Draw[];
}

/** The cascade (mean over its draws), and what would be simpler. */
export function baselinesOf(
  records: readonly RecordedItem[],
  items: readonly CalibrationItem[],
  { costRatio, seed, draws }: BaselineOptions,
): Baseline[] {
  const { uniform } = createSeededRandom(seed);
  const rows = new Map(records.map((row) => [row.id, row]));
  const humanOf = (item: CalibrationItem): Label | undefined => rows.get(item.id)?.human;
  const smallOf = ({ answers: [first] }: CalibrationItem): Label | null =>
    first ? labelOfSignals(first) : null;
  const scored = (
    name: string,
    cost: number,
    labelOf: (item: CalibrationItem, index: number) => Label | null,
  ) => ({
    name,
    reference: meanOver(items, (item, i) => Number(labelOf(item, i) === item.reference)),
    human: meanOver(items, (item, i) => Number(labelOf(item, i) === humanOf(item))),
    cost,
  });
  const mean = (value: (draw: Draw) => number): number => meanOver(draws, value);
  const coverage = mean((draw) => draw.coverage);
  const small = scored('always small', costRatio, smallOf);
  const large = scored('always large', 1, (item) => item.reference);
  return [
    {
      name: 'cascade',
      reference: mean((draw) => draw.agreement),
      human: mean((draw) => meanOver(items, (item, i) => Number(draw.labels[i] === humanOf(item)))),
      cost: mean((draw) => draw.cost),
    },
    small,
    large,
    scored('longest wins', 0, ({ lengthLogRatio }) => (lengthLogRatio > 0 ? 'a' : 'b')),
    scored('random label', 0, () => (uniform() < 0.5 ? 'a' : 'b')),
    {
      // As many items as the cascade leaves to the small judge, chosen by a coin: its expectation.
      name: 'random routing',
      reference: coverage * small.reference + (1 - coverage) * large.reference,
      human: coverage * small.human + (1 - coverage) * large.human,
      cost: coverage * costRatio + (1 - coverage),
    },
  ];
}

export function baselineLine({ name, reference, human, cost }: Baseline): string {
  return `${name.padEnd(15)} reference ${reference.toFixed(3)}  human ${human.toFixed(3)}  cost ${cost.toFixed(3)}`;
}

/** How well text alone foretells that the first small judge disagrees, each item predicted before it is learned. */
export function difficultyLine(
  records: readonly RecordedItem[],
  items: readonly CalibrationItem[],
  seed: number,
): string {
  const learner = createDifficultyLearner({ later: (work) => work() });
  const rows = new Map(records.map((row) => [row.id, row]));
  for (const item of shuffle(items, createSeededRandom(seed))) {
    const row = rows.get(item.id);
    const [first] = item.answers;
    if (row === undefined) continue;
    const wrong = !first || labelOfSignals(first) !== item.reference;
    learner.learn(featuresOf({ prompt: row.prompt, candidates: row.responses }), wrong);
  }
  const { auroc } = learner.report();
  if (auroc === null) return 'difficulty from text alone: too few outcomes';
  const [value, low, high] = [auroc.estimate, auroc.low, auroc.high].map((part) => part.toFixed(3));
  return `difficulty from text alone: AUROC ${value} [${low}, ${high}]`;
}

function meanOver<T>(all: readonly T[], value: (one: T, index: number) => number): number {
  return all.reduce((sum, one, index) => sum + value(one, index), 0) / all.length;
}
