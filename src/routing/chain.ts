import type { Call } from '../contracts/call.ts';
import type { Stage } from '../contracts/certificate.ts';
import type { Judge } from '../contracts/judge.ts';
import type { Item } from '../domain/item.ts';
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

/** One item on its way along a chain; each stage is asked at most once. */
export interface ChainRun {
  /** Asks the stage at this place, or gives what it said. Its calls are appended to the trail. */
  ask(place: number, call: Call): Promise<StageAnswer>;
  /** No stage was asked. */
  isUntouched(): boolean;
  /** By place in the chain; null where a stage was not asked or gave no label. */
  answers(): readonly (JudgeSignals | null)[];
  trail(): readonly TrailEntry[];
  /** Stages with the keys that answered; null when a judge gave nothing, so that its key is unknown. */
  stages(): readonly (Stage | null)[];
}

export function startChain(chain: readonly ChainStage[], item: Item): ChainRun {
  const given = new Map<number, StageAnswer>();
  const trail: TrailEntry[] = [];

  const ask = async (
    place: number,
    { tier, judge, orders }: ChainStage,
    call: Call,
  ): Promise<StageAnswer> => {
    const before = chain[place - 1]?.judge === judge ? given.get(place - 1) : undefined;
    // A judge that gave nothing in one order is not asked for the other.
    if (before?.ok === false) return before;
    const question = before === undefined ? { tier, orders } : { tier, orders, before: before.judgment };
    const reply = await judge.judge(item, question, call);
    trail.push(...reply.trail);
    if (!reply.ok) return reply;
    const { judgment } = reply;
    return { ok: true, judgment, signals: signalsOf(judgment, judgment.key.id) };
  };

  return {
    async ask(place, call) {
      const stage = chain[place];
      if (stage === undefined) throw new Error(`the chain has no stage ${place + 1}`);
      const answer = given.get(place) ?? (await ask(place, stage, call));
      given.set(place, answer);
      return answer;
    },
    isUntouched: () => given.size === 0,
    answers: () =>
      chain.map((_, place) => {
        const answer = given.get(place);
        return answer?.ok === true ? answer.signals : null;
      }),
    trail: () => trail,
    stages: () =>
      chain.map(({ tier }, place) => {
        const answer = given.get(place);
        return answer?.ok === true ? { tier, judge: answer.judgment.key } : null;
      }),
  };
}

/**
 * Where each stage of a certificate stands in the chain; null for one that the chain has not. A certificate may
 * leave out judges of the chain, and single orders, that did not help.
 */
export function placesOf(stages: readonly Stage[], chain: readonly ChainStage[]): (number | null)[] {
  return stages.map(({ tier, judge }) => {
    const place = chain.findIndex((stage) => stage.tier === tier && stage.orders === judge.parts.orders);
    return place < 0 ? null : place;
  });
}
