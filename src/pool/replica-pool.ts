import type { Call, CallStarter } from '../contracts/call.ts';
import type { Clock, Random } from '../contracts/clock.ts';
import type { ReplicaDetail, ReplicaTokens } from '../contracts/admin.ts';
import type { EngineObserver } from '../contracts/observers.ts';
import type { CallReport, Engine, EngineResult, Replica } from '../contracts/engine.ts';
import type { AttemptRunner, EngineResilience } from '../contracts/resilience.ts';
import type { EngineCapacity } from '../contracts/scheduling.ts';
import type { Logger } from '../contracts/telemetry.ts';
import type { Price } from '../domain/cost.ts';
import { noteAttempts, type Request, startAttempt } from './attempt.ts';
import { createChooser } from './chooser.ts';
import type { Discovery } from './discovery.ts';
import { generate } from './generation.ts';
import { createLoadScraper, type LoadScraper } from './load-scraper.ts';
import { createMember, type Member } from './member.ts';
import { createPoolCapacity } from './pool-capacity.ts';
import { distributionRequest, jsonRequest } from './request.ts';
import { createRoster } from './roster.ts';
import { DEFAULT_POOL_SETTINGS, type PoolSettings } from './settings.ts';
import { createTally } from './tally.ts';

/**
 * An engine as a pool of replicas. This room knows who they are, which of them are well and how loaded
 * each is; it picks one for every attempt and prices it. Whether to try again is not decided here: the
 * `resilience` handed in runs the attempts. It keeps no queue: that stands before it, and
 * asks `capacity` how many calls to let in. Only those that it let in may wait here for a replica.
 */
export interface PoolOptions {
  readonly id: string;
  readonly model: string;
  readonly precision: string | null;
  readonly replicas: readonly Replica[];
  /** Finds further replicas while the pool runs; `createReplica` makes one for an address. */
  readonly discovery?: { readonly source: Discovery; readonly createReplica: (address: string) => Replica };
  readonly price: Price;
  readonly warmUpTimeoutMs: number;
  readonly settings?: PoolSettings;
  readonly resilience: EngineResilience;
  readonly clock: Clock;
  readonly random: Random;
  readonly calls: CallStarter;
  readonly logger: Logger;
  readonly observer?: EngineObserver | undefined;
}

export interface ReplicaPool extends Engine {
  /** Gives the replica no new calls; those under way go on. False when there is none of this name. */
  drain(replica: string): boolean;
  undrain(replica: string): boolean;
  /** The replicas as operators see them. */
  details(): readonly ReplicaDetail[];
  /** Asks every ready replica for its count of tokens first; one that does not answer keeps its last. */
  tokens(): Promise<readonly ReplicaTokens[]>;
  readonly capacity: EngineCapacity;
}

export function createReplicaPool(options: PoolOptions): ReplicaPool {
  const { clock, price, observer } = options;
  const { runner, typicalTimes } = options.resilience;
  const settings = options.settings ?? DEFAULT_POOL_SETTINGS;
  const roster = createRoster({
    engine: options.id,
    replicas: options.replicas,
    createReplica: options.discovery?.createReplica ?? noDiscovery,
    createMember: (name, replica) =>
      createMember({
        ...options,
        settings,
        engine: options.id,
        name,
        replica,
        mayEject: hasHealthyOther,
        onChange: () => capacity.changed(),
      }),
  });
  const capacity = createPoolCapacity(roster.members, typicalTimes);
  const chooser = createChooser({
    engine: options.id,
    members: roster.members,
    onFreed: roster.freed,
    typicalTimes,
    random: options.random,
    clock,
  });
  capacity.watch(chooser.changed);
  function hasHealthyOther(name: string): boolean {
    return roster.members().some((member) => member.name !== name && isHealthy(member));
  }
  const parts = { engine: options, chooser, price, clock, runner, typicalTimes, observer };
  const { members } = roster;
  const scraper = createLoadScraper({ ...options, engine: options.id, members, settings: settings.scrape });
  const stopDiscovery = options.discovery?.source.watch(roster.follow);

  const ask = createAsk(parts);
  return {
    id: options.id,
    model: options.model,
    precision: options.precision,
    replicas: () => roster.members().map((member) => member.state()),
    distribution: (request, call) => ask(distributionRequest(request), call),
    post: (path, body, call) => ask(jsonRequest(path, body), call),
    generate: (request, call) => generate(parts, request, call),
    drain: (name) => setDraining(roster.find(name), true),
    undrain: (name) => setDraining(roster.find(name), false),
    capacity,
    details: () => roster.members().map((member) => member.detail()),
    tokens: () => freshTokens(options.id, members, scraper),
    async close() {
      stopDiscovery?.();
      scraper.close();
      await roster.close();
    },
  };
}

type AskParts = Parameters<typeof startAttempt>[0] & {
  readonly clock: Clock;
  readonly runner: AttemptRunner;
};

/** One question, by as many attempts as the runner makes of it. */
function createAsk(parts: AskParts) {
  return async <T>(
    request: Request<T>,
    call: Call,
  ): Promise<{ result: EngineResult<T>; report: CallReport }> => {
    const tally = createTally(parts.clock);
    const made = await parts.runner.run(request, call, (avoid) => startAttempt(parts, request, call, avoid));
    tally.add(made);
    noteAttempts(parts, made);
    tally.settle(made.end.cost);
    return { result: made.end.result, report: tally.report() };
  };
}

async function freshTokens(
  engine: string,
  members: () => readonly Member[],
  scraper: LoadScraper,
): Promise<ReplicaTokens[]> {
  await scraper.refresh();
  return members().map(({ name, tokens }) => ({ engine, replica: name, tokens: tokens.compared() }));
}

function setDraining(member: Member | undefined, draining: boolean): boolean {
  member?.setDraining(draining);
  return member !== undefined;
}

function isHealthy(member: Member): boolean {
  return member.isUsable() && !member.isEjected();
}

function noDiscovery(): never {
  throw new Error('a pool without discovery makes no replicas');
}
