import type { Call, CallStarter } from '../contracts/call.ts';
import type { Clock } from '../contracts/clock.ts';
import type {
  CallReport,
  Engine,
  EngineFailure,
  EngineResult,
  GenerationEvent,
  Replica,
} from '../contracts/engine.ts';
import type { Logger } from '../contracts/telemetry.ts';
import { NO_COST, NO_USAGE, type Price, priceOf, type Usage } from '../domain/cost.ts';
import { createMember, type Member } from './member.ts';

/**
 * An engine as a pool of replicas: picks the ready one with the fewest calls under way, prices each
 * call, and takes out a replica that a failure blames. It retries nothing; that is resilience's work.
 */
export interface PoolOptions {
  readonly id: string;
  readonly model: string;
  readonly precision: string | null;
  readonly replicas: readonly Replica[];
  readonly price: Price;
  readonly warmUpTimeoutMs: number;
  readonly clock: Clock;
  readonly calls: CallStarter;
  readonly logger: Logger;
}

export function createReplicaPool(options: PoolOptions): Engine {
  const { clock, price } = options;
  const members = options.replicas.map((replica, index) =>
    createMember({ ...options, engine: options.id, name: `${options.id}/${index}`, replica }),
  );
  const pick = createPicker(members);

  /** Runs one call on one member, with its meter and its blame. */
  const run = async <T extends { readonly usage: Usage }>(
    call: Call,
    ask: (replica: Replica) => Promise<EngineResult<T>>,
  ): Promise<{ result: EngineResult<T>; report: CallReport }> => {
    const member = pick();
    if (member === undefined) return { result: noneReady(options.id, members), report: NO_REPORT };
    const finish = startCall(member, price, clock);
    const result = await ask(member.replica);
    if (!result.ok) judgeFailure(member, result.failure, call);
    return { result, report: finish(result.ok ? result.value.usage : NO_USAGE) };
  };

  return {
    id: options.id,
    model: options.model,
    precision: options.precision,
    replicas: () => members.map((member) => member.state()),
    distribution: (request, call) => run(call, (replica) => replica.distribution(request, call)),
    post: (path, body, call) => run(call, (replica) => replica.post(path, body, call)),
    async generate(request, call) {
      const member = pick();
      if (member === undefined) return noneReady(options.id, members);
      const finish = startCall(member, price, clock);
      const result = await member.replica.generate(request, call);
      if (!result.ok) {
        judgeFailure(member, result.failure, call);
        finish(NO_USAGE);
        return result;
      }
      let report: CallReport = { ...NO_REPORT, replica: member.name };
      const events = watchEvents(result.value, (usage, failure) => {
        if (failure !== null) judgeFailure(member, failure, call);
        report = finish(usage);
      });
      return { ok: true, value: { events, report: () => report } };
    },
    async close() {
      await Promise.all(members.map((member) => member.close()));
    },
  };
}

const NO_REPORT: CallReport = { replica: null, cost: NO_COST, ms: 0 };

/** Fewest calls under way wins; among equals the next in turn, so that idle replicas share the work. */
function createPicker(members: readonly Member[]): () => Member | undefined {
  let turn = 0;
  return () => {
    let best: Member | undefined;
    for (let i = 0; i < members.length; i += 1) {
      const member = members[(turn + i) % members.length];
      if (member === undefined || !member.isReady()) continue;
      if (best === undefined || member.meter.running() < best.meter.running()) best = member;
    }
    turn += 1;
    return best;
  };
}

function startCall(member: Member, price: Price, clock: Clock): (usage: Usage) => CallReport {
  const startedAt = clock.monotonic();
  const stopMeter = member.meter.start();
  return (usage) => {
    const engineSeconds = Math.round(stopMeter() * 1e6) / 1e6;
    return {
      replica: member.name,
      cost: { nanoUsd: priceOf(price, usage, engineSeconds), usage, engineSeconds },
      ms: toMicros(clock.monotonic() - startedAt),
    };
  };
}

/** Milliseconds to a thousandth: more digits are noise that every reply would carry. */
function toMicros(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/** A caller who left, or whose time was over, says nothing about the replica. */
function judgeFailure(member: Member, failure: EngineFailure, call: Call): void {
  if (failure.blamesReplica && !call.signal.aborted) member.blame(failure);
}

/** Passes events through and tells once how the stream ended, also when the consumer stops early. */
async function* watchEvents(
  events: AsyncIterable<GenerationEvent>,
  onEnd: (usage: Usage, failure: EngineFailure | null) => void,
): AsyncGenerator<GenerationEvent> {
  let told = false;
  const tell = (usage: Usage, failure: EngineFailure | null): void => {
    if (!told) onEnd(usage, failure);
    told = true;
  };
  try {
    for await (const event of events) {
      // Told before it is passed on: the consumer may ask for the report at once.
      if (event.type === 'end') tell(event.usage, null);
      if (event.type === 'failure') tell(NO_USAGE, event.failure);
      yield event;
    }
  } finally {
    tell(NO_USAGE, null);
  }
}

function noneReady(engine: string, members: readonly Member[]): { ok: false; failure: EngineFailure } {
  const reason = members[0]?.state().reason ?? 'it has no replica';
  return {
    ok: false,
    failure: {
      code: 'engine_unavailable',
      message: `no replica of the engine "${engine}" is ready (${reason})`,
      sent: false,
      blamesReplica: false,
    },
  };
}
