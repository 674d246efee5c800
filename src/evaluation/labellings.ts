import type { EvaluationTask, JudgedItem } from '../contracts/evaluation.ts';
import type { Label } from '../domain/verdict.ts';
import { createSeededRandom } from '../statistics/random.ts';
import { type Answer, labelOfOpinion, type Labelling, longerOf, referenceOf } from './answer.ts';

/** The policy and the baselines that it stands beside, over the same items in the same order. */
export interface Labellings {
  readonly policy: Labelling;
  /** Each tier's judge alone, cheap to strong. */
  readonly judges: readonly Labelling[];
  readonly small: Labelling;
  readonly large: Labelling;
  readonly baselines: readonly Labelling[];
}

export function labellingsOf(items: readonly JudgedItem[], task: EvaluationTask): Labellings {
  const price = createPrice(task);
  const labelling = (name: string, answer: (item: JudgedItem) => Said): Labelling => ({
    name,
    answers: items.map((item) => ({
      group: item.group,
      gold: item.gold,
      reference: referenceOf(item, task.reference),
      ...answer(item),
    })),
  });
  const alone = (judge: string): Labelling =>
    labelling(`always ${judge}`, (item) => saidBy(item, judge, price));
  const judges = task.tiers.map(alone);
  const [small = alone('')] = judges;
  const large = judges.at(-1) ?? small;
  const policy = labelling(task.policy, ({ verdict, opinions }) => ({
    label: verdict?.label ?? null,
    confidence: verdict?.confidence ?? null,
    cost: verdict?.nanoUsd ?? playedCost(opinions, verdict?.tier ?? null, task),
  }));
  return {
    policy,
    judges,
    small,
    large,
    baselines: [
      longest(labelling),
      randomLabels(labelling, task.seed),
      mixture(task, policy, [small, large], items),
    ],
  };
}

type Said = Pick<Answer, 'label' | 'confidence' | 'cost'>;
type Maker = (name: string, answer: (item: JudgedItem) => Said) => Labelling;
type Price = (item: JudgedItem, judge: string) => number | null;

/** What a judge's judgment costs: money where it is known, else its share of the last tier's price. */
function createPrice({ tiers, costRatio }: EvaluationTask): Price {
  return (item, judge) => item.opinions.get(judge)?.nanoUsd ?? relativePrice(judge, tiers, costRatio);
}

function relativePrice(judge: string, tiers: readonly string[], costRatio: number | null): number | null {
  if (costRatio === null) return null;
  return judge === tiers.at(-1) ? 1 : costRatio;
}

/** Cost of a cascade that stopped at `tier`: every tier up to it was asked. */
function playedCost(
  opinions: JudgedItem['opinions'],
  tier: string | null,
  { tiers, costRatio }: EvaluationTask,
): number | null {
  if (tier === null) return null;
  const asked = tiers.slice(0, tiers.indexOf(tier) + 1).filter((judge) => opinions.has(judge));
  return asked.reduce<number | null>((sum, judge) => {
    const price = relativePrice(judge, tiers, costRatio);
    return sum === null || price === null ? null : sum + price;
  }, 0);
}

function saidBy(item: JudgedItem, judge: string, price: Price): Said {
  const opinion = item.opinions.get(judge);
  if (opinion === undefined) return { label: null, confidence: null, cost: null };
  return {
    label: labelOfOpinion(opinion),
    confidence: opinion.judgment.confidence,
    cost: price(item, judge),
  };
}

function longest(labelling: Maker): Labelling {
  return labelling('longest wins', (item) => ({ label: longerOf(item), confidence: null, cost: 0 }));
}

/** A fair coin between the two candidates. */
function randomLabels(labelling: Maker, seed: number): Labelling {
  const random = createSeededRandom(seed);
  return labelling('random label', () => {
    const label: Label = random.uniform() < 0.5 ? 'a' : 'b';
    return { label, confidence: null, cost: 0 };
  });
}

/**
 * Random routing: a coin sends as many items to the first tier alone as the policy served there, the rest to
 * the last tier alone. What a policy adds over it is the worth of its confidence.
 */
function mixture(
  task: EvaluationTask,
  policy: Labelling,
  [small, large]: readonly [Labelling, Labelling],
  items: readonly JudgedItem[],
): Labelling {
  const random = createSeededRandom(task.seed + 1);
  const served = items.filter(
    (item) => item.verdict?.label !== null && item.verdict?.tier === task.tiers[0],
  ).length;
  const share = served / items.length;
  const answers = policy.answers.map((answer, index) => {
    const source = random.uniform() < share ? small : large;
    return source.answers[index] ?? answer;
  });
  return { name: 'random routing', answers };
}
