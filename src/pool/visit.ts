import type { Clock } from '../contracts/clock.ts';
import type { EngineFailure } from '../contracts/engine.ts';
import type { EndedAttempt } from '../contracts/observers.ts';
import type { Question, TypicalTimes } from '../contracts/resilience.ts';
import { type Cost, NO_COST, NO_USAGE, type Price, priceOf, type Usage } from '../domain/cost.ts';
import type { GatewayError } from '../domain/errors.ts';
import type { Member } from './member.ts';

/**
 * One call on one member, from its start to its end: tells all that keep count of it, and its cost. The
 * first end counts; whatever is told later changes nothing.
 */
export interface Visit {
  /** The replica wrote a token, or the whole answer. */
  token(): void;
  answered(usage: Usage): Cost;
  /** `ours` says that the call was ended here: then it says nothing about the replica's health. */
  failed(failure: EngineFailure, ours: boolean): Cost;
  /** The consumer stopped reading before the end. */
  left(): Cost;
  /** Nobody reads the answer any more: ends the call with the reason. */
  expire(reason: GatewayError): void;
}

export interface VisitOptions {
  readonly question: Question;
  /** Estimated tokens of the call. */
  readonly tokens: number;
  readonly price: Price;
  readonly clock: Clock;
  readonly typicalTimes: TypicalTimes;
  /** How to end the call when the replica turns out to be stuck. */
  readonly abort: (reason: GatewayError) => void;
  readonly onEnd: (ended: Omit<EndedAttempt, 'question'>) => void;
}

/** A replica that refuses answers fast, which would attract calls: it looks this slow instead. */
const OVERLOAD_PENALTY_MS = 5_000;
const LONGEST_PENALTY_MS = 60_000;

export function startVisit(member: Member, options: VisitOptions): Visit {
  const { question, tokens, price, clock, typicalTimes } = options;
  const startedAt = clock.monotonic();
  const age = (): number => clock.monotonic() - startedAt;
  const stopMeter = member.meter.start();
  const pass = member.guard.enter();
  const bookTokens = member.tokens.open();
  let firstTokenMs: number | null = null;
  let end: Cost | null = null;
  member.load.add(tokens);
  member.watchdog.started();
  member.attempts.add(options.abort);

  const settle = (failure: EngineFailure | null, usage: Usage): Cost => {
    const engineSeconds = Math.round(stopMeter() * 1e6) / 1e6;
    member.attempts.delete(options.abort);
    member.watchdog.ended();
    pass.end(failure, question);
    const mayHaveWorked = failure?.sent ?? true;
    if (mayHaveWorked) bookTokens(usage.inputTokens > 0 ? usage : null);
    end = mayHaveWorked ? { nanoUsd: priceOf(price, usage, engineSeconds), usage, engineSeconds } : NO_COST;
    options.onEnd({ code: failure?.code ?? 'ok', ms: age(), firstTokenMs, cost: end });
    return end;
  };
  const leave = (): Cost => {
    if (end === null) member.load.abandon(tokens);
    return end ?? settle(LEFT, NO_USAGE);
  };
  return {
    token() {
      if (end !== null) return;
      member.watchdog.heard();
      if (firstTokenMs !== null) return;
      firstTokenMs = age();
      pass.firstToken(firstTokenMs);
      member.load.observe(firstTokenMs);
      if (question.kind !== 'json') typicalTimes.took(question.kind, firstTokenMs);
    },
    answered(usage) {
      if (end !== null) return end;
      if (question.kind === 'json') typicalTimes.took('json', age());
      member.watchdog.heard();
      member.outlier.answered();
      member.load.remove(tokens);
      return settle(null, usage);
    },
    failed(failure, ours) {
      if (end !== null) return end;
      if (ours && failure.sent) member.load.abandon(tokens);
      else member.load.remove(tokens);
      if (!ours) noteFailure(member, failure);
      return settle(failure, NO_USAGE);
    },
    left: leave,
    expire(reason) {
      if (end !== null) return;
      options.abort(reason);
      leave();
    },
  };
}

const LEFT: EngineFailure = {
  code: 'cancelled',
  message: 'the caller stopped reading',
  sent: true,
  blamesReplica: false,
};

function noteFailure(member: Member, failure: EngineFailure): void {
  // One crash breaks all calls on the replica: it counts once, with the call that takes it out.
  if (!failure.blamesReplica || member.isUsable()) member.outlier.failed(failure);
  if (failure.blamesReplica) member.blame(failure);
  else member.watchdog.heard();
  if (failure.code === 'overloaded') {
    const penaltyMs = Math.max(OVERLOAD_PENALTY_MS, failure.retryAfterMs ?? 0);
    member.load.observe(Math.min(LONGEST_PENALTY_MS, penaltyMs));
  }
}
