import type { Cost } from '../domain/cost.ts';
import type { GatewayError } from '../domain/errors.ts';
import type { Call } from './call.ts';
import type { EngineFailure, EngineResult } from './engine.ts';

/** How an engine's pool survives: made by the `resilience` room, used by the `pool` room. */
export interface EngineResilience {
  /** Runs the attempts of all calls of this engine. */
  readonly runner: AttemptRunner;
  /** A guard of its own for each replica. */
  createGuard(): ReplicaGuard;
  /** Watches one replica; `onStuck` is told when calls are out but no token comes. */
  createWatchdog(onStuck: (silentMs: number) => void): Watchdog;
  /** How long this engine's calls take, over all replicas. */
  readonly typicalTimes: TypicalTimes;
}

/** The median times of an engine's calls, learned from those that went well. */
export interface TypicalTimes {
  /** A call took `ms`, from the moment a replica was picked: until its first token, or until it was answered. */
  took(kind: QuestionKind, ms: number): void;
  /** Milliseconds; null while too few calls went well of late. */
  median(kind: QuestionKind): number | null;
}

/** What a request asks for: the probabilities of label tokens, a text, or one JSON reply. */
export type QuestionKind = 'label' | 'generation' | 'json';

/** Runs attempts until one answers or another would be wrong: quarantine, retries, hedging. */
export interface AttemptRunner {
  /** `before` is an attempt that already failed: then the first question is whether to try again at all. */
  run<T>(
    question: Question,
    call: Call,
    start: StartAttempt<T>,
    before?: AttemptEnd<T>,
  ): Promise<AttemptsEnd<T>>;
}

/** What the runner must know of a request, whatever it asks for. */
export interface Question {
  /** A hash that tells the item apart from others; computed only when engines crash. */
  identity(): string;
  /** Only `label` is a one-token judgment, which may be hedged. */
  readonly kind: QuestionKind;
}

/** Starts an attempt on a replica; those in `avoid` are taken only when there is no other. */
export type StartAttempt<T> = (avoid: readonly string[]) => RunningAttempt<T>;

export interface RunningAttempt<T> {
  readonly ended: Promise<AttemptEnd<T>>;
  /** True when it is on a replica and another one, not asked yet, is free. */
  couldRunElsewhere(): boolean;
  /** Replica that it is on; null while it waits for one. */
  replica(): string | null;
  /** Ends the attempt with the reason as its failure; does nothing when it has ended. */
  abort(reason: GatewayError): void;
}

export interface AttemptEnd<T> {
  readonly result: EngineResult<T>;
  /** Name of the replica that was asked; null when none could be. */
  readonly replica: string | null;
  /** Why this replica, for the trail. */
  readonly pick: string | null;
  readonly cost: Cost;
  /** Of a failure: another replica, not asked yet, could take the call now. */
  readonly hasOther: boolean;
}

export interface AttemptsEnd<T> {
  /** The attempt that counts: the one that answered, or the last failure. */
  readonly end: AttemptEnd<T>;
  /** Engine calls made, hedges included. */
  readonly attempts: number;
  /** Those of them that were made because another one was late. */
  readonly hedges: number;
  /** Cost of the attempts that do not count. */
  readonly spent: readonly Cost[];
}

/** Why a replica takes no call: its breaker is open, or it has as many calls as it can bear. */
export type Refusal = 'breaker' | 'limit';

/** Breaker and adaptive limit of one replica. */
export interface ReplicaGuard {
  /** Null when a call may go to the replica now. Changes nothing. */
  refusal(): Refusal | null;
  breaker(): 'closed' | 'open' | 'half_open';
  /** Calls that the replica is trusted with at once. */
  limit(): number;
  /** Calls that may be out at once now: the limit, or less while the breaker is open or has just closed. */
  capacity(): number;
  /** Lets a call in, which must end its pass. To be asked only after `refusal()` said null. */
  enter(): Pass;
}

/** One call inside a guard. */
export interface Pass {
  /** The first token came, `ms` after the call went out. */
  firstToken(ms: number): void;
  /** Once, whatever happened; null for an answer. `question` tells whether failures are of one item. */
  end(failure: EngineFailure | null, question: Question): void;
}

/** Tells a replica that is alive but stuck: health says 200, calls are out, and no token comes. */
export interface Watchdog {
  /** A call went out. */
  started(): void;
  /** The replica said something. */
  heard(): void;
  /** The engine's own counters stood still since they were read last. */
  frozen(): void;
  /** A call is over. */
  ended(): void;
  close(): void;
}
