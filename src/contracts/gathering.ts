import type { Call } from './call.ts';
import type { EngineResult } from './engine.ts';

/** Brings questions together that one engine call may ask: a few, for a short while, with equal keys alone. */
export interface Gatherer<Q, A> {
  /** Ends with its answer, or at once when its caller leaves, whatever becomes of those it is asked with. */
  ask(request: Q, company: Company, call: Call): Promise<EngineResult<A>>;
}

export interface Company {
  /** Only questions of equal keys meet: team, policy and rubric belong in it. */
  readonly key: string;
  /** Estimated tokens of its part of the prompt. */
  readonly tokens: number;
}

/** One question of those that are asked together. */
export interface Gathered<Q, A> {
  readonly request: Q;
  readonly call: Call;
  /** False when its caller has left, or it has its answer. */
  readonly isOpen: boolean;
  /** Only the first end counts. */
  end(answer: EngineResult<A>): void;
}

/** Asks questions together and ends each. `call` lasts until the last of their deadlines, or all have left. */
export type AskTogether<Q, A> = (questions: readonly Gathered<Q, A>[], call: Call) => Promise<void>;

/** Makes a gatherer of questions that are asked in this way. */
export type Gather = <Q, A>(ask: AskTogether<Q, A>) => Gatherer<Q, A>;
