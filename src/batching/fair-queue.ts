import type { Call } from '../contracts/call.ts';
import type { Clock } from '../contracts/clock.ts';
import type { CallReport, Engine, EngineFailure, EngineResult } from '../contracts/engine.ts';
import type { EngineCapacity, QueueState } from '../contracts/scheduling.ts';
import { NO_COST, type Usage } from '../domain/cost.ts';
import { type Admission, awaitPlace, type Need } from './admission.ts';
import { createDispatcher, type Dispatcher } from './dispatcher.ts';
import { watchEnd } from './held-stream.ts';
import { createPrefixMemory } from './prefix-memory.ts';
import { needOfDistribution, needOfGeneration, needOfJson } from './request-size.ts';
import type { QueueSettings } from './settings.ts';

/**
 * This room stands between those who ask and the engines: it decides when a call goes, never what becomes of it.
 * The fair queue is an engine before an engine. A call that finds a free place passes at once; any other waits
 * here, by class, team and deadline, so that the engine's own queue stays short and the order is ours. All that
 * is done for a call, retries and hedges too, happens on the one place that it holds. It keeps no more calls,
 * and no more of their texts, than its bounds allow, and refuses the rest with a time to come again.
 */
export interface FairQueue extends Engine {
  /** Takes other settings over; who waits goes on waiting. */
  configure(settings: QueueSettings): void;
  queue(): QueueState;
}

export interface FairQueueOptions {
  readonly engine: Engine;
  readonly capacity: EngineCapacity;
  readonly settings: QueueSettings;
  readonly clock: Clock;
}

export function createFairQueue(options: FairQueueOptions): FairQueue {
  const { engine, capacity, clock } = options;
  let { settings } = options;
  const dispatcher = createDispatcher({ capacity, clock, settings: () => settings });
  const unwatch = capacity.watch(dispatcher.changed);
  const prefixes = createPrefixMemory();
  const typicalMs = (kind: Need['kind']): number | null => capacity.typicalMs(kind);
  const admit = createAdmit(dispatcher, { engine: engine.id, dispatcher, typicalMs, clock });
  const ask = createAsk(admit);
  /** While nobody waits, nobody needs to know what is cached where. */
  const learn = (affinity: string | undefined, usage: Usage): void =>
    prefixes.learn(dispatcher.isIdle() ? undefined : affinity, usage);

  return {
    id: engine.id,
    model: engine.model,
    precision: engine.precision,
    replicas: () => engine.replicas(),
    distribution: (request, call) =>
      ask(call, {
        need: () => needOfDistribution(request, prefixes.cachedShare(request.affinity)),
        run: () => engine.distribution(request, call),
        learn: (usage) => learn(request.affinity, usage),
      }),
    post: (path, body, call) =>
      ask(call, {
        need: () => needOfJson(body),
        run: () => engine.post(path, body, call),
        learn: () => undefined,
      }),
    async generate(request, call) {
      const need = (): Need => needOfGeneration(request, prefixes.cachedShare(request.affinity));
      const admission = await admit(call, need);
      if (!admission.ok) return admission;
      const { place, queuedMs } = admission;
      const opened = await orEnd(place.end, () => engine.generate(request, call));
      if (!opened.ok) {
        place.end(opened.failure.sent ? null : 0);
        return opened;
      }
      const release = createRelease(clock, call, (usage) => {
        place.end(usage === null ? null : computedOf(usage));
        if (usage !== null) learn(request.affinity, usage);
      });
      const { events, report } = opened.value;
      return {
        ok: true,
        value: { events: watchEnd(events, release), report: () => withQueued(report(), queuedMs) },
      };
    },
    configure(next) {
      settings = next;
      dispatcher.changed();
    },
    queue: dispatcher.state,
    async close() {
      unwatch();
      dispatcher.close();
      await engine.close();
    },
  };
}

type Admit = (call: Call, need: () => Need) => Admission | Promise<Admission>;

function createAdmit(dispatcher: Dispatcher, parts: Parameters<typeof awaitPlace>[0]): Admit {
  return (call, need) => {
    const place = dispatcher.tryEnter(call.team, call.class ?? 'interactive');
    return place === null ? awaitPlace(parts, need(), call) : { ok: true, place, queuedMs: 0 };
  };
}

interface Asked<T> {
  /** Told only for a call that has to wait. */
  need(): Need;
  run(): Promise<{ readonly result: EngineResult<T>; readonly report: CallReport }>;
  learn(usage: Usage): void;
}

/** One call with one answer, on one place. */
function createAsk(admit: Admit) {
  return async <T extends { readonly usage: Usage }>(call: Call, { need, run, learn }: Asked<T>) => {
    const admitted = admit(call, need);
    // Not awaited where there is nothing to wait for: then the call goes in the same turn.
    const admission = admitted instanceof Promise ? await admitted : admitted;
    if (!admission.ok) return refused(admission.failure, admission.queuedMs);
    const { place, queuedMs } = admission;
    const { result, report } = await orEnd(place.end, run);
    if (result.ok) {
      learn(result.value.usage);
      place.end(computedOf(result.value.usage));
    } else place.end(result.failure.sent ? null : 0);
    return { result, report: withQueued(report, queuedMs) };
  };
}

/** What is thrown is a defect, and no reason to keep the place for ever. */
async function orEnd<T>(end: (tokens: null) => void, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    end(null);
    throw error;
  }
}

function refused(failure: EngineFailure, queuedMs: number) {
  const report: CallReport = { replica: null, pick: null, attempts: 0, cost: NO_COST, ms: 0, queuedMs };
  return { result: { ok: false as const, failure }, report };
}

function withQueued(report: CallReport, queuedMs: number): CallReport {
  return queuedMs === 0 ? report : { ...report, queuedMs };
}

/** Tokens that the engine had to compute. */
function computedOf({ inputTokens, cachedInputTokens, outputTokens }: Usage): number {
  return inputTokens - cachedInputTokens + outputTokens;
}

/** Time after its deadline in which a stream ends by itself when somebody reads it; then its place is free. */
const GRACE_MS = 2_000;
const LONGEST_MS = 3_600_000;

/** Ends once: with the stream, or, where nobody reads it, some time after its deadline. */
function createRelease(
  clock: Clock,
  call: Call,
  onEnd: (usage: Usage | null) => void,
): (usage: Usage | null) => void {
  let ended = false;
  const release = (usage: Usage | null): void => {
    if (ended) return;
    ended = true;
    stopTimer();
    onEnd(usage);
  };
  const leftMs = Math.max(0, call.deadline - clock.monotonic()) + GRACE_MS;
  const stopTimer = clock.after(Math.min(LONGEST_MS, leftMs), () => release(null));
  return release;
}
