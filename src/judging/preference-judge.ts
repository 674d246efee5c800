import type { Call } from '../contracts/call.ts';
import type { DistributionRequest, Engine, LabelProbe } from '../contracts/engine.ts';
import type { Judge } from '../contracts/judge.ts';
import type { ReasonSettings } from '../domain/judge-key.ts';
import type { Item, Message, Order } from '../domain/item.ts';
import { type PromptTemplate, templateId } from '../domain/template.ts';
import type { Fence } from './fence.ts';
import { createJudgeKeys } from './judge-keys.ts';
import { askedOrders, combineAnswers, type OrderAnswer, readAnswer } from './order-answers.ts';
import { reasonFirst, withSampleReasons } from './reasons.ts';
import { renderPreference } from './render.ts';

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
  /** How it comes to its label; absent, at once. The template needs a turn `answer` then. */
  readonly reasons?: ReasonSettings;
}

export function createPreferenceJudge(options: PreferenceJudgeOptions): Judge {
  const keyOf = createJudgeKeys(options);
  return {
    name: options.name,
    async judge(item, { tier, orders = options.orders, before }, call) {
      const affinity = affinityOf(options.template, item);
      const answers = await Promise.all(
        askedOrders(item, orders, before).map((order) =>
          askOnce(options, { item, tier, order, affinity }, call),
        ),
      );
      return combineAnswers(answers, before, keyOf);
    },
  };
}

/** Questions with the same rubric about the same prompt share their beginning. */
function affinityOf(template: PromptTemplate, item: Item): string {
  const prompt = typeof item.prompt === 'string' ? item.prompt : JSON.stringify(item.prompt);
  return `${templateId(template)}\u0000${item.rubric?.id ?? ''}\u0000${prompt}`;
}

/** What replicas are warmed up with. */
export const EXAMPLE: Item = {
  id: 'example',
  prompt: 'What is the capital of France?',
  candidates: ['Paris.', 'Lyon.'],
  rubric: undefined,
  metadata: {},
};

/** The label set and a rendered example, from which an engine's replicas learn the token ids. */
export function labelProbeOf(template: PromptTemplate): LabelProbe {
  return {
    id: templateId(template),
    spellings: template.labels,
    context: withSampleReasons(
      template,
      renderPreference(template, EXAMPLE, 'ab', () => 'a1b2c3d4e5'),
      template.answer ?? [],
    ),
  };
}

interface Question {
  readonly item: Item;
  readonly tier: string;
  readonly order: Order;
  readonly affinity: string;
}

async function askOnce(
  options: PreferenceJudgeOptions,
  question: Question,
  call: Call,
): Promise<OrderAnswer> {
  const { engine, template, fence } = options;
  const { item, tier, order } = question;
  const opening = renderPreference(template, item, order, fence);
  const turns = { item, tier, order, messages: opening, answer: template.answer ?? [] };
  const asked = await reasonFirst(options, turns, call);
  if (asked.type === 'failed') return { entry: asked.entry, reading: null };
  const request = requestFor(options, question, asked.messages);
  const { result, report } = await engine.distribution(request, call);
  return { ...readAnswer(options, { tier, order, report }, result), earlier: asked.trail };
}

function requestFor(
  { template }: PreferenceJudgeOptions,
  { item, affinity }: Question,
  messages: readonly Message[],
): DistributionRequest {
  return {
    messages,
    labels: templateId(template),
    affinity,
    identity: item.candidates,
    ...(item.rubric === undefined ? {} : { rubric: item.rubric.id }),
  };
}
