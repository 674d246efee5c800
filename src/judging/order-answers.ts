import { createHash } from 'node:crypto';
import type { CallReport, DistributionReply, EngineResult } from '../contracts/engine.ts';
import type { LabelDistribution, ShownLabel } from '../domain/distribution.ts';
import type { Item, Order } from '../domain/item.ts';
import { type Judgment, judgmentOf, type JudgeReply } from '../domain/judgment.ts';
import { type OrderReading, readOrder } from '../domain/preference.ts';
import type { TrailEntry } from '../domain/verdict.ts';
import type { KeyOf } from './judge-keys.ts';
import { massProblem, problemOf } from './label-mass.ts';
import { type Asker, trailEntryOf } from './trail-entry.ts';

/** What a judge of preferences asks about an item, and what its answers in one or both orders say together. */

/** The order that a hash picks, and the other one when both are bought; after a judgment in one, the other alone. */
export function askedOrders(
  item: Item,
  orders: 'both' | 'one',
  before: Judgment | undefined,
): readonly Order[] {
  if (before !== undefined) return [before.readings[0]?.order === 'ab' ? 'ba' : 'ab'];
  const first = coinOf(item);
  return orders === 'one' ? [first] : [first, first === 'ab' ? 'ba' : 'ab'];
}

/** Which order to show when only one is bought: even over items, the same every time for one item. */
function coinOf(item: Item): Order {
  const digest = createHash('sha256').update(item.candidates.join('\u0000')).digest();
  return (digest[0] ?? 0) % 2 === 0 ? 'ab' : 'ba';
}

/** One question for one label, and how it was asked. */
export interface OrderCall {
  readonly tier: string;
  readonly order: Order;
  /** See `TrailEntry`. */
  readonly part?: string;
  readonly report: CallReport;
}

/** What one order said; `reading` is null where no label could be read. */
export interface OrderAnswer {
  readonly entry: TrailEntry;
  readonly reading: OrderReading | null;
  /** Calls for it that came before, such as the one for its reasons. */
  readonly earlier?: readonly TrailEntry[];
}

export function readAnswer(
  asker: Asker,
  call: OrderCall,
  result: EngineResult<DistributionReply>,
): OrderAnswer {
  const { order } = call;
  const reply = result.ok ? result.value : null;
  const reading = reply === null ? null : readReply(reply, order);
  const problem = result.ok ? massProblem(result.value) : problemOf(result.failure);
  const entry: TrailEntry = {
    ...trailEntryOf(asker, { ...call, reply, problem }),
    pFirst: reading === null ? null : reading.probabilities[order === 'ab' ? 'a' : 'b'],
    pTie: reading?.probabilities.tie ?? null,
  };
  return { entry, reading };
}

function readReply({ distribution }: DistributionReply, order: Order): OrderReading | null {
  return isPreference(distribution) && distribution.mass > 0 ? readOrder(distribution, order) : null;
}

function isPreference(distribution: LabelDistribution): distribution is LabelDistribution<ShownLabel> {
  return ['first', 'second', 'tie'].every((name) => name in distribution.labels);
}

/** The judgment of all answers, and of those before; a failure where one of them is one. */
export function combineAnswers(
  answers: readonly OrderAnswer[],
  before: Judgment | undefined,
  keyOf: KeyOf,
): JudgeReply {
  const trail = answers.flatMap(({ earlier = [], entry }) => [...earlier, entry]);
  const problem = trail.find((entry) => entry.problem !== null)?.problem;
  if (problem) return { ok: false, problem, trail };
  const fresh = answers.map((answer) => answer.reading).filter((reading) => reading !== null);
  const readings = [...(before?.readings ?? []), ...fresh];
  const key = keyOf(readings.length > 1 ? 'both' : 'one', trail, before?.key);
  return { ok: true, judgment: judgmentOf(readings, key), trail };
}
