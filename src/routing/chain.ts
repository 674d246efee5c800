import type { Call } from '../contracts/call.ts';
import type { Stage } from '../contracts/certificate.ts';
import type { Judge } from '../contracts/judge.ts';
import type { Item } from '../domain/item.ts';
import type { JudgeKey } from '../domain/judge-key.ts';
import type { Judgment } from '../domain/judgment.ts';
import type { Problem } from '../domain/errors.ts';
import { type JudgeSignals, signalsOf } from '../domain/signals.ts';
import type { TrailEntry } from '../domain/verdict.ts';

/** One step of a chain: a judge asked in one order, or the other order added to it. */
export interface ChainStage {
  readonly tier: string;
  readonly judge: Judge;
  /** `both` after a stage of the same judge buys only the order that is missing. */
  readonly orders: 'one' | 'both';
}

/** The stages of judges, cheap to strong: each judge in one order first, then, where it may, in both. */
export function chainOf(
  judges: readonly { readonly tier: string; readonly judge: Judge; readonly orders: 'one' | 'both' }[],
): ChainStage[] {
  return judges.flatMap(({ tier, judge, orders }): ChainStage[] => {
    const one: ChainStage = { tier, judge, orders: 'one' };
    return orders === 'one' ? [one] : [one, { tier, judge, orders: 'both' }];
  });
}

/** What one stage gave. */
export type StageAnswer =
  | { readonly ok: true; readonly judgment: Judgment; readonly signals: JudgeSignals }
  | { readonly ok: false; readonly problem: Problem };

/** One item on its way along a chain; stages are asked one after the other, each at most once. */
export interface ChainRun {
  /** Asks the next stage. Its calls are appended to the trail. Not to be called when `isOver`. */
  next(call: Call): Promise<StageAnswer>;
  isOver(): boolean;
  /** Of the stages asked so far; null where a stage gave no label. */
  answers(): readonly (JudgeSignals | null)[];
  trail(): readonly TrailEntry[];
  /** Stages with the keys that answered; null when a judge gave nothing, so that its key is unknown. */
  stages(): readonly (Stage | null)[];
}

export function startChain(chain: readonly ChainStage[], item: Item): ChainRun {
  const answers: (JudgeSignals | null)[] = [];
  const keys: (JudgeKey | null)[] = [];
  const trail: TrailEntry[] = [];
  let last: { readonly judge: Judge; readonly answer: StageAnswer } | null = null;

  const ask = async ({ tier, judge, orders }: ChainStage, call: Call): Promise<StageAnswer> => {
    const before = last?.judge === judge ? last.answer : null;
    // A judge that gave nothing in one order is not asked for the other.
    if (before?.ok === false) return before;
    const question = before === null ? { tier, orders } : { tier, orders, before: before.judgment };
    const reply = await judge.judge(item, question, call);
    trail.push(...reply.trail);
    if (!reply.ok) return reply;
    const { judgment } = reply;
    return { ok: true, judgment, signals: signalsOf(judgment, judgment.key.id) };
  };

  return {
    async next(call) {
      const stage = chain[answers.length];
      if (stage === undefined) throw new Error('the chain is over');
      const answer = await ask(stage, call);
      last = { judge: stage.judge, answer };
      answers.push(answer.ok ? answer.signals : null);
      keys.push(answer.ok ? answer.judgment.key : null);
      return answer;
    },
    isOver: () => answers.length >= chain.length,
    answers: () => answers,
    trail: () => trail,
    stages: () =>
      chain.map(({ tier }, index) => {
        const judge = keys[index];
        return judge === undefined || judge === null ? null : { tier, judge };
      }),
  };
}
