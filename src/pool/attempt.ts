import type { Call } from '../contracts/call.ts';
import type { Clock } from '../contracts/clock.ts';
import type { EngineFailure, EngineResult, Replica } from '../contracts/engine.ts';
import type { EndedAttempt, EngineObserver } from '../contracts/observers.ts';
import type {
  AttemptEnd,
  AttemptsEnd,
  Question,
  RunningAttempt,
  TypicalTimes,
} from '../contracts/resilience.ts';
import { type Cost, NO_COST, type Price, toUsd } from '../domain/cost.ts';
import type { Attributes, Trace } from '../contracts/tracing.ts';
import type { Chooser } from './chooser.ts';
import { linkCall } from './linked-call.ts';
import type { Member } from './member.ts';
import { startVisit, type Visit } from './visit.ts';

/** Makes attempts: choose a replica, ask it, and count what came of it. */
export interface AttemptParts {
  readonly engine: { readonly id: string; readonly model: string };
  readonly chooser: Chooser;
  readonly price: Price;
  readonly clock: Clock;
  readonly typicalTimes: TypicalTimes;
  readonly observer?: EngineObserver | undefined;
}

/** One request as attempts see it. */
export interface Request<T> extends Question {
  readonly affinity: string | undefined;
  /** Estimated tokens. */
  readonly tokens: number;
  ask(replica: Replica, call: Call, visit: Visit): Promise<EngineResult<T>>;
  /** Cost of an answer; ends the visit, unless it goes on in the answer. */
  costOf(value: T, visit: Visit): Cost;
}

export function startAttempt<T>(
  parts: AttemptParts,
  request: Request<T>,
  call: Call,
  avoid: readonly string[],
): RunningAttempt<T> {
  const link = linkCall(avoid.length === 0 ? call : { ...call, alone: true });
  let onReplica: string | null = null;

  const enter = (member: Member, pick: string): Entered => {
    onReplica = member.name;
    call.engineTime?.began();
    const trace = call.trace && beginTrace(parts, request, { trace: call.trace, member, pick });
    const visit = startVisit(member, {
      question: request,
      tokens: request.tokens,
      price: parts.price,
      clock: parts.clock,
      typicalTimes: parts.typicalTimes,
      abort: link.abort,
      onEnd(ended) {
        link.unlink();
        call.engineTime?.ended();
        trace?.end(answerAttributes(ended), ended.code === 'ok' ? null : ended.code);
        parts.observer?.ended({ question: request.kind, ...ended });
        parts.chooser.freed(member);
      },
    });
    return { member, pick, visit, call: trace === undefined ? link.call : { ...link.call, trace } };
  };
  const attempt = async (): Promise<AttemptEnd<T>> => {
    const chosen = await parts.chooser.choose(
      link.call,
      { kind: request.kind, avoid, affinity: request.affinity },
      enter,
    );
    if (!chosen.ok) {
      link.unlink();
      return nobody(chosen.failure);
    }
    const { member, pick, visit } = chosen.value;
    const result = await request.ask(member.replica, chosen.value.call, visit);
    const { name: replica } = member;
    if (result.ok) {
      return { result, replica, pick, cost: request.costOf(result.value, visit), hasOther: false };
    }
    const cost = visit.failed(result.failure, link.call.signal.aborted);
    return { result, replica, pick, cost, hasOther: parts.chooser.hasOther([...avoid, replica]) };
  };
  return {
    ended: attempt(),
    couldRunElsewhere: () => onReplica !== null && parts.chooser.hasOther([...avoid, onReplica]),
    replica: () => onReplica,
    abort: link.abort,
  };
}

/** Tells the observer of attempts after the first. */
export function noteAttempts(
  { observer }: Pick<AttemptParts, 'observer'>,
  { attempts, hedges }: AttemptsEnd<unknown>,
): void {
  if (attempts > 1) observer?.asked({ retries: attempts - 1 - hedges, hedges });
}

/** What is asked for, in the words of OpenTelemetry's GenAI conventions. */
const OPERATIONS = { label: 'chat', generation: 'chat', json: 'embeddings' } as const;

function beginTrace(
  { engine }: AttemptParts,
  { kind }: Question,
  { trace, member, pick }: { readonly trace: Trace; readonly member: Member; readonly pick: string },
): Trace {
  const operation = OPERATIONS[kind];
  return trace.child(`${operation} ${engine.model}`, {
    'gen_ai.operation.name': operation,
    'gen_ai.provider.name': engine.id,
    'gen_ai.request.model': engine.model,
    'assay.replica': member.name,
    'assay.pick': pick,
  });
}

function answerAttributes({ cost, firstTokenMs }: Omit<EndedAttempt, 'question'>): Attributes {
  const { usage, nanoUsd } = cost;
  return {
    'gen_ai.usage.input_tokens': usage.inputTokens,
    'gen_ai.usage.cache_read.input_tokens': usage.cachedInputTokens,
    'gen_ai.usage.output_tokens': usage.outputTokens,
    'gen_ai.response.time_to_first_chunk': firstTokenMs === null ? undefined : firstTokenMs / 1_000,
    'assay.cost_usd': toUsd(nanoUsd),
  };
}

interface Entered {
  readonly member: Member;
  readonly pick: string;
  readonly visit: Visit;
  readonly call: Call;
}

function nobody(failure: EngineFailure): AttemptEnd<never> {
  return { result: { ok: false, failure }, replica: null, pick: null, cost: NO_COST, hasOther: false };
}
