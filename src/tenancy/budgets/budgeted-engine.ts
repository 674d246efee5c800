import type { BudgetGate, CallBound, Reservation, Reserved } from '../../contracts/budgets.ts';
import type { Call } from '../../contracts/call.ts';
import type {
  CallReport,
  Engine,
  EngineFailure,
  EngineResult,
  GenerationEvent,
} from '../../contracts/engine.ts';
import { type Cost, NO_COST, type Price } from '../../domain/cost.ts';
import { boundOf, boundOfGeneration, boundOfJson, boundOfQuestion, type TokenBound } from './call-bound.ts';

export interface BudgetedOptions {
  readonly gate: BudgetGate;
  /** Of the engine; absent where it costs nothing. */
  readonly price: Price | undefined;
}

/**
 * An engine whose every call is set aside for before it goes and settled when it has ended: whoever asks, a
 * request, a job, an audit or an anchor. So nothing that costs money passes the budgets by.
 */
export function createBudgetedEngine(engine: Engine, { gate, price }: BudgetedOptions): Engine {
  const dearest = createDearest();
  const reserve = (call: Call, tokens: () => TokenBound): Reserved | Promise<Reserved> =>
    gate.reserve(call, () => boundOf(tokens(), price, dearest.now()));
  const settle = (reservation: Reservation, cost: Cost | null): void => {
    if (cost !== null) dearest.learn(cost.nanoUsd);
    reservation.settle(cost === null ? null : usedOf(cost));
  };
  const ask = async <T>(
    call: Call,
    tokens: () => TokenBound,
    run: () => Promise<Answer<T>>,
  ): Promise<Answer<T>> => {
    const asked = reserve(call, tokens);
    const reserved = asked instanceof Promise ? await asked : asked;
    if (!reserved.ok) return refused(reserved.failure);
    let cost: Cost | null = null;
    try {
      const answer = await run();
      cost = knownCostOf(answer);
      return answer;
    } finally {
      settle(reserved.reservation, cost);
    }
  };
  return {
    id: engine.id,
    model: engine.model,
    precision: engine.precision,
    replicas: () => engine.replicas(),
    distribution: (request, call) =>
      ask(
        call,
        () => boundOfQuestion(request),
        () => engine.distribution(request, call),
      ),
    post: (path, body, call) =>
      ask(
        call,
        () => boundOfJson(body),
        () => engine.post(path, body, call),
      ),
    async generate(request, call) {
      const reserved = await reserve(call, () => boundOfGeneration(request, contextOf(engine)));
      if (!reserved.ok) return reserved;
      const done = settledOnce(call.signal, (cost) => settle(reserved.reservation, cost));
      return openSettled(() => engine.generate(request, call), done);
    },
    close: () => engine.close(),
  };
}

interface Answer<T> {
  readonly result: EngineResult<T>;
  readonly report: CallReport;
}

/** A call that failed after it was sent may have cost what nobody told. */
function knownCostOf<T>({ result, report }: Answer<T>): Cost | null {
  const isUnknown = !result.ok && result.failure.sent && report.cost.nanoUsd === 0;
  return isUnknown ? null : report.cost;
}

function usedOf({ nanoUsd, usage }: Cost): CallBound {
  return { nanoUsd, tokens: usage.inputTokens + usage.outputTokens };
}

type Opened = Awaited<ReturnType<Engine['generate']>>;

/** A stream that is settled when it ends, or at once where it does not begin. */
async function openSettled(open: () => Promise<Opened>, done: (cost: Cost | null) => void): Promise<Opened> {
  let opened: Opened;
  try {
    opened = await open();
  } catch (error) {
    done(null);
    throw error;
  }
  if (!opened.ok) {
    done(opened.failure.sent ? null : NO_COST);
    return opened;
  }
  const { events, report } = opened.value;
  return { ok: true, value: { events: settledAfter(events, report, done), report } };
}

/** Settles once, at the latest when the call is aborted: also a stream that nobody ever read. */
function settledOnce(signal: AbortSignal, settle: (cost: Cost | null) => void): (cost: Cost | null) => void {
  const abort = (): void => end(null);
  const end = (cost: Cost | null): void => {
    signal.removeEventListener('abort', abort);
    settle(cost);
  };
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  return end;
}

/** The stream, settled at its end, or when its reader goes. */
async function* settledAfter(
  events: AsyncIterable<GenerationEvent>,
  report: () => CallReport,
  settle: (cost: Cost | null) => void,
): AsyncGenerator<GenerationEvent, void> {
  let isComplete = false;
  try {
    for await (const event of events) {
      isComplete = event.type === 'end';
      yield event;
    }
  } finally {
    settle(isComplete ? report().cost : null);
  }
}

function refused(failure: EngineFailure) {
  const report: CallReport = { replica: null, pick: null, attempts: 0, cost: NO_COST, ms: 0, queuedMs: 0 };
  return { result: { ok: false as const, failure }, report };
}

/** The longest context of its replicas, in tokens. */
function contextOf(engine: Engine): number | null {
  const known = engine.replicas().flatMap(({ report }) => report?.maxModelTokens ?? []);
  return known.length === 0 ? null : Math.max(...known);
}

/** So fast what a dear call once cost is forgotten: by half in some seventy calls. */
const FORGET = 0.99;

function createDearest() {
  let nanoUsd = 0;
  return {
    now: () => Math.ceil(nanoUsd),
    learn(cost: number): void {
      nanoUsd = Math.max(cost, nanoUsd * FORGET);
    },
  };
}
