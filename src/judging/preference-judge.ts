import { createHash } from 'node:crypto';
import type { Call } from '../contracts/call.ts';
import type { DistributionReply, DistributionRequest, Engine, LabelProbe } from '../contracts/engine.ts';
import type { Judge } from '../contracts/judge.ts';
import type { LabelDistribution, ShownLabel } from '../domain/distribution.ts';
import type { Item, Order } from '../domain/item.ts';
import { type Judgment, judgmentOf, type JudgeReply } from '../domain/judgment.ts';
import { type OrderReading, readOrder } from '../domain/preference.ts';
import { type PromptTemplate, templateId } from '../domain/template.ts';
import type { TrailEntry } from '../domain/verdict.ts';
import type { Fence } from './fence.ts';
import { createJudgeKeys, type KeyOf } from './judge-keys.ts';
import { massProblem, problemOf } from './label-mass.ts';
import { renderPreference } from './render.ts';
import { trailEntryOf } from './trail-entry.ts';

/**
 * The preference judge: asks an engine for the probabilities of the label tokens in one or both orders
 * and averages them after un-swapping. It reads nothing out of prose: an answer that puts less than
 * nine tenths on the labels is a typed failure, never a guess and never a tie.
 */
export interface PreferenceJudgeOptions {
  readonly name: string;
  readonly engine: Engine;
  /** Kind and dialect of the engine, such as `openai/vllm`: part of the judge's key. */
  readonly engineKind: string;
  readonly template: PromptTemplate;
  /** `both` costs two calls and cancels position bias; `one` shows the order that a hash of the item picks. */
  readonly orders: 'both' | 'one';
  readonly fence: Fence;
}

export function createPreferenceJudge(options: PreferenceJudgeOptions): Judge {
  const keyOf = createJudgeKeys(options);
  return {
    name: options.name,
    async judge(item, { tier, orders = options.orders, before }, call) {
      const asked = before === undefined ? ordersOf(item, orders) : [otherOrder(before)];
      const affinity = affinityOf(options.template, item);
      const answers = await Promise.all(
        asked.map((order) => askOnce(options, { item, tier, order, affinity }, call)),
      );
      return combine(answers, before, keyOf);
    },
  };
}

/** The order that a hash picks, and the other one when both are bought. */
function ordersOf(item: Item, orders: 'both' | 'one'): readonly Order[] {
  const first = coinOf(item);
  return orders === 'one' ? [first] : [first, first === 'ab' ? 'ba' : 'ab'];
}

function otherOrder(before: Judgment): Order {
  return before.readings[0]?.order === 'ab' ? 'ba' : 'ab';
}

/** Questions with the same rubric about the same prompt share their beginning. */
function affinityOf(template: PromptTemplate, item: Item): string {
  const prompt = typeof item.prompt === 'string' ? item.prompt : JSON.stringify(item.prompt);
  return `${templateId(template)}\u0000${item.rubric?.id ?? ''}\u0000${prompt}`;
}

/** The label set and a rendered example, from which an engine's replicas learn the token ids. */
export function labelProbeOf(template: PromptTemplate): LabelProbe {
  const example: Item = {
    id: 'example',
    prompt: 'What is the capital of France?',
    candidates: ['Paris.', 'Lyon.'],
    rubric: undefined,
    metadata: {},
  };
  return {
    id: templateId(template),
    spellings: template.labels,
    context: renderPreference(template, example, 'ab', () => 'a1b2c3d4e5'),
  };
}

interface Answer {
  readonly entry: TrailEntry;
  readonly reading: OrderReading | null;
}

interface Question {
  readonly item: Item;
  readonly tier: string;
  readonly order: Order;
  readonly affinity: string;
}

async function askOnce(options: PreferenceJudgeOptions, question: Question, call: Call): Promise<Answer> {
  const { engine } = options;
  const { tier, order } = question;
  const { result, report } = await engine.distribution(requestFor(options, question), call);
  const reply = result.ok ? result.value : null;
  const reading = reply === null ? null : readReply(reply, order);
  const problem = result.ok ? massProblem(result.value) : problemOf(result.failure);
  const entry: TrailEntry = {
    ...trailEntryOf(options, { tier, order, report, reply, problem }),
    pFirst: reading === null ? null : reading.probabilities[order === 'ab' ? 'a' : 'b'],
    pTie: reading?.probabilities.tie ?? null,
  };
  return { entry, reading };
}

function requestFor(
  { template, fence }: PreferenceJudgeOptions,
  { item, order, affinity }: Question,
): DistributionRequest {
  return {
    messages: renderPreference(template, item, order, fence),
    labels: templateId(template),
    affinity,
    identity: item.candidates,
    ...(item.rubric === undefined ? {} : { rubric: item.rubric.id }),
  };
}

function readReply(reply: DistributionReply, order: Order): OrderReading | null {
  const { distribution } = reply;
  return isPreference(distribution) && distribution.mass > 0 ? readOrder(distribution, order) : null;
}

function isPreference(distribution: LabelDistribution): distribution is LabelDistribution<ShownLabel> {
  return ['first', 'second', 'tie'].every((name) => name in distribution.labels);
}

function combine(answers: readonly Answer[], before: Judgment | undefined, keyOf: KeyOf): JudgeReply {
  const trail = answers.map((answer) => answer.entry);
  const problem = trail.find((entry) => entry.problem !== null)?.problem;
  if (problem) return { ok: false, problem, trail };
  const fresh = answers.map((answer) => answer.reading).filter((reading) => reading !== null);
  const readings = [...(before?.readings ?? []), ...fresh];
  const key = keyOf(readings.length > 1 ? 'both' : 'one', trail, before?.key);
  return { ok: true, judgment: judgmentOf(readings, key), trail };
}

/** Which order to show when only one is bought: even over items, the same every time for one item. */
function coinOf(item: Item): Order {
  const digest = createHash('sha256').update(item.candidates.join('\u0000')).digest();
  return (digest[0] ?? 0) % 2 === 0 ? 'ab' : 'ba';
}
