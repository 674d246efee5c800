import type { Call } from '../contracts/call.ts';
import type { Random } from '../contracts/clock.ts';
import type { CallReport, DistributionReply, EngineFailure, LabelProbe } from '../contracts/engine.ts';
import type { Gather, Gathered } from '../contracts/gathering.ts';
import type { Judge } from '../contracts/judge.ts';
import { addCosts, type Cost, NO_COST, shareCost } from '../domain/cost.ts';
import type { Item, Order } from '../domain/item.ts';
import { type PromptTemplate, templateId } from '../domain/template.ts';
import { tokensIn } from '../domain/token-estimate.ts';
import { createJudgeKeys } from './judge-keys.ts';
import { massProblem, problemOf } from './label-mass.ts';
import { askedOrders, combineAnswers, type OrderAnswer, readAnswer } from './order-answers.ts';
import { EXAMPLE, type PreferenceJudgeOptions } from './preference-judge.ts';
import { renderPrompt, renderSeveral } from './render.ts';
import { trailEntryOf } from './trail-entry.ts';

/**
 * The preference judge that shows several items in one prompt and reads one label for each, in its place. Items
 * share a prompt only with items of the same team, policy, class and rubric. They stand in an order that a coin
 * shuffles, and in the reverse one for the other order of the candidates; the trail tells the place. It guesses
 * nothing: an item whose label is not in its place, or whose company failed, is asked by itself.
 */
export interface SeveralJudgeOptions extends PreferenceJudgeOptions {
  readonly template: SeveralTemplate;
  /** 2 to 8. */
  readonly itemsPerPrompt: number;
  readonly gather: Gather;
  readonly random: Random;
}

export type SeveralTemplate = PromptTemplate & { readonly item: string };

export function isForSeveral(template: PromptTemplate): template is SeveralTemplate {
  return template.item !== undefined;
}

/** The label set and a rendered example of so many items. */
export function severalProbeOf(template: SeveralTemplate, itemsPerPrompt: number): LabelProbe {
  const shown = Array.from({ length: itemsPerPrompt }, () => ({ item: EXAMPLE, order: 'ab' as const }));
  return {
    id: templateId(template),
    spellings: template.labels,
    context: renderSeveral(template, shown, () => 'a1b2c3d4e5'),
    numbered: itemsPerPrompt,
  };
}

/** What one item asks; all that share a prompt ask for as many orders. */
interface ItemQuestion {
  readonly item: Item;
  readonly tier: string;
  readonly orders: readonly Order[];
  readonly characters: number;
}

type Asked = Gathered<ItemQuestion, readonly OrderAnswer[]>;

export function createSeveralJudge(options: SeveralJudgeOptions): Judge {
  const keyOf = createJudgeKeys(options);
  const gatherer = options.gather<ItemQuestion, readonly OrderAnswer[]>((questions, call) =>
    askInOrders(options, questions, call),
  );
  return {
    name: options.name,
    async judge(item, { tier, orders: wanted = options.orders, before }, call) {
      const orders = askedOrders(item, wanted, before);
      const characters = charactersOf(item);
      const company = { key: companyOf(item, orders.length, call), tokens: 1 + tokensIn(characters) };
      const result = await gatherer.ask({ item, tier, orders, characters }, company, call);
      if (!result.ok) return leftReply(options, { tier, order: orders[0] ?? 'ab' }, result.failure);
      return combineAnswers(result.value, before, keyOf);
    },
  };
}

/** Whoever differs in one of these never meets. */
function companyOf({ rubric }: Item, orders: number, { team, policy, class: of }: Call): string {
  return JSON.stringify([team, policy, of, orders, rubric?.id, rubric?.text]);
}

function charactersOf({ prompt, candidates }: Item): number {
  return candidates.reduce((sum, { length }) => sum + length, renderPrompt(prompt).length);
}

/** Asks one prompt for each order. An item ends when its own answers are there, whatever others wait for. */
async function askInOrders(
  options: SeveralJudgeOptions,
  questions: readonly Asked[],
  call: Call,
): Promise<void> {
  const shown = shuffled(questions, options.random);
  const rounds = (questions[0]?.request.orders ?? []).map((_, round) =>
    askPrompt(options, { shown: round === 0 ? shown : shown.toReversed(), round }, call),
  );
  await Promise.all(
    questions.map(async (question) => {
      const answers = rounds.map(async (asked, round) => {
        const answer = (await asked).get(question);
        if (answer === undefined) throw new Error('a prompt left an item without its answer');
        return 'reading' in answer ? answer : askAlone(options, question, { round, lost: answer });
      });
      question.end({ ok: true, value: await Promise.all(answers) });
    }),
  );
}

interface Prompt {
  readonly shown: readonly Asked[];
  /** Which of their orders the items are shown in. */
  readonly round: number;
}

/** What each item got: its answer, or what was spent on it in vain. */
type Answers = ReadonlyMap<Asked, OrderAnswer | CallReport>;

async function askPrompt(options: SeveralJudgeOptions, prompt: Prompt, call: Call): Promise<Answers> {
  const { shown, round } = prompt;
  const { result, report } = await options.engine.distribution(requestFor(options, prompt), call);
  const costs = sharesOf(shown, report.cost);
  const lost = sharesOf(shown, { ...NO_COST, nanoUsd: report.retryNanoUsd ?? 0 });
  return new Map(
    shown.map((question, place): [Asked, OrderAnswer | CallReport] => {
      const own = withCost(report, costs[place] ?? NO_COST, lost[place]?.nanoUsd ?? 0);
      const part = `item ${place + 1} of ${shown.length}`;
      const about = { tier: question.request.tier, order: orderOf(question, round), part, report: own };
      if (!result.ok) {
        const isAskedAgain = shown.length > 1 && mayBeOneItem(result.failure);
        return [question, isAskedAgain ? own : readAnswer(options, about, result)];
      }
      const reply = replyAt(result.value, place, shown.length);
      if (shown.length > 1 && massProblem(reply) !== null) return [question, own];
      return [question, readAnswer(options, about, { ok: true, value: reply })];
    }),
  );
}

/** Asks about one item whose part of a shared prompt came to nothing; what that cost is told as a retry. */
async function askAlone(
  options: SeveralJudgeOptions,
  question: Asked,
  { round, lost }: { readonly round: number; readonly lost: CallReport },
): Promise<OrderAnswer> {
  const call = { ...question.call, alone: true };
  const request = requestFor(options, { shown: [question], round });
  const { result, report } = await options.engine.distribution(request, call);
  const about = { tier: question.request.tier, order: orderOf(question, round), part: 'item 1 of 1' };
  const whole = {
    ...withCost(report, addCosts([lost.cost, report.cost]), lost.cost.nanoUsd + (report.retryNanoUsd ?? 0)),
    attempts: lost.attempts + report.attempts,
    ms: lost.ms + report.ms,
    queuedMs: lost.queuedMs + report.queuedMs,
  };
  if (!result.ok) return readAnswer(options, { ...about, report: whole }, result);
  const value = replyAt(result.value, 0, 1);
  return readAnswer(options, { ...about, report: whole }, { ok: true, value });
}

function requestFor({ template, fence }: SeveralJudgeOptions, { shown, round }: Prompt) {
  const items = shown.map((question) => ({ item: question.request.item, order: orderOf(question, round) }));
  const rubric = items[0]?.item.rubric?.id;
  return {
    messages: renderSeveral(template, items, fence),
    labels: templateId(template),
    identity: items.flatMap(({ item }) => item.candidates),
    numbered: shown.length,
    ...(rubric === undefined ? {} : { rubric }),
  };
}

function orderOf({ request }: Asked, round: number): Order {
  return request.orders[round] ?? 'ab';
}

function replyAt({ numbered, ...reply }: DistributionReply, place: number, count: number): DistributionReply {
  const distribution = numbered?.[place];
  if (distribution === undefined) throw new Error('an engine adapter left an item without its labels');
  return { ...reply, distribution, coalesced: count };
}

/** Those who have left pay nothing: nobody would see it. The whole is paid by those who wait, by their length. */
function sharesOf(shown: readonly Asked[], cost: Cost): Cost[] {
  const isAnyOpen = shown.some(({ isOpen }) => isOpen);
  const weights = shown.map(({ isOpen, request }) => (isOpen || !isAnyOpen ? 1 + request.characters : 0));
  return shareCost(cost, weights);
}

function withCost(report: CallReport, cost: Cost, retryNanoUsd: number): CallReport {
  const { replica, pick, attempts, ms, queuedMs } = report;
  const own = { replica, pick, attempts, ms, queuedMs, cost };
  return retryNanoUsd === 0 ? own : { ...own, retryNanoUsd };
}

/** The call was refused, answered badly, or broke: that may be the doing of one of the items. */
function mayBeOneItem({ sent, code }: EngineFailure): boolean {
  if (code === 'engine_rejected' || code === 'context_overflow') return true;
  return sent && code !== 'cancelled' && code !== 'deadline_exceeded' && code !== 'overloaded';
}

/** Its caller left: what was asked for it ends with the prompt, for whoever still waits. */
function leftReply(
  options: SeveralJudgeOptions,
  { tier, order }: { readonly tier: string; readonly order: Order },
  failure: EngineFailure,
) {
  const attempts = failure.sent ? 1 : 0;
  const report: CallReport = { replica: null, pick: null, attempts, cost: NO_COST, ms: 0, queuedMs: 0 };
  const problem = problemOf(failure);
  const entry = trailEntryOf(options, { tier, order, report, reply: null, problem });
  return { ok: false as const, problem, trail: [entry] };
}

/** Fisher and Yates. */
function shuffled<T>(values: readonly T[], random: Random): T[] {
  const order = [...values];
  for (let last = order.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random.uniform() * (last + 1));
    const [x, y] = [order[last], order[other]];
    if (x === undefined || y === undefined) continue;
    order[last] = y;
    order[other] = x;
  }
  return order;
}
