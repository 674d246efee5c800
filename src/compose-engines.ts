import { setTimeout as delay } from 'node:timers/promises';
import { createQueue, queueSettings, type Shares } from './compose-batching.ts';
import { need, type Parts } from './compose-parts.ts';
import { coalesce } from './batching/coalescer.ts';
import type { FairQueue } from './batching/fair-queue.ts';
import type { LoadedConfig } from './config/loader.ts';
import type { Config, EngineConfig, OpenAiEngineConfig, TritonEngineConfig } from './config/schema.ts';
import type { TemplateSet } from './config/templates.ts';
import type { Clock } from './contracts/clock.ts';
import type { LabelProbe, Replica } from './contracts/engine.ts';
import { ConfigError, type EngineStatus } from './contracts/program.ts';
import type { Price } from './domain/cost.ts';
import { criteriaOf, USUAL_SCALE } from './domain/rubric.ts';
import { type PromptTemplate, templateId } from './domain/template.ts';
import { createOpenAiReplica } from './engines/openai/replica.ts';
import type { createTritonReplica, TritonReplicaOptions } from './engines/triton/replica.ts';
import { labelProbeOf } from './judging/preference-judge.ts';
import { scoreProbeOf } from './judging/score-judge.ts';
import { isForSeveral, severalProbeOf } from './judging/several-judge.ts';
import { createDnsDiscovery, type Discovery } from './pool/discovery.ts';
import type { KubernetesAccess } from './pool/kubernetes/api-client.ts';
import { createEndpointSliceDiscovery } from './pool/kubernetes/endpoint-slices.ts';
import { createReplicaPool, type ReplicaPool } from './pool/replica-pool.ts';
import { createEngineResilience } from './resilience/engine-resilience.ts';
import { DEFAULT_RESILIENCE, type ResilienceSettings } from './resilience/settings.ts';

/** One configured engine: its pool, the queue before it, and the text by which a reload sees whether it changed. */
export interface ConfiguredEngine {
  readonly pool: ReplicaPool;
  /** What everybody asks. */
  readonly queue: FairQueue;
  readonly config: EngineConfig;
  readonly identity: string;
}

export type ConfiguredEngines = ReadonlyMap<string, ConfiguredEngine>;

/**
 * The engines of a configuration. Those of `before` that did not change are taken over as they are: warm
 * replicas, breakers, times and quarantine stay. Throws when one cannot be made; then none is left open.
 */
export async function createEngines(
  { config, templates, rubrics }: LoadedConfig,
  parts: Parts & { readonly teams: Shares },
  before: ConfiguredEngines,
): Promise<ConfiguredEngines> {
  const triton = await loadTriton(config);
  const engines = new Map<string, ConfiguredEngine>();
  try {
    for (const [id, engine] of Object.entries(config.engines)) {
      const labelProbes = templatesOf(id, config, templates).flatMap((template) =>
        probesOf(template, rubrics, itemsPerPrompt(id, config)),
      );
      // Settings of the queue are taken over without a new engine: see `configureQueues`.
      const identity = JSON.stringify([{ ...engine, queue: undefined }, labelProbes]);
      const old = before.get(id);
      if (old?.identity === identity) {
        engines.set(id, { ...old, config: engine });
        continue;
      }
      const { clock } = parts;
      const createReplica = (url: string): Replica => {
        const place = { url, labelProbes, clock };
        const replica =
          engine.kind === 'openai'
            ? createOpenAi(engine, place)
            : need(triton, 'triton')(tritonOptions(engine, place));
        return coalesce(replica, { ...engine.coalesce, needsCachedTokens: needsCachedTokens(engine) }, clock);
      };
      const pool = createPool(id, engine, createReplica, parts);
      const queue = createQueue(pool, engine, parts);
      engines.set(id, { pool, queue, config: engine, identity });
    }
  } catch (error) {
    await closeAll(others(engines, before));
    throw error;
  }
  return engines;
}

/** Engines of `these` that are not among `those`. */
export function others(these: ConfiguredEngines, those: ConfiguredEngines): ConfiguredEngines {
  return new Map([...these].filter(([id, { pool }]) => those.get(id)?.pool !== pool));
}

/** Gives the queues the settings of a configuration that is in force from now on; who waits goes on waiting. */
export function configureQueues(engines: ConfiguredEngines, teams: Shares): void {
  for (const { queue, config: engine } of engines.values()) queue.configure(queueSettings(engine, teams));
}

export async function closeAll(engines: ConfiguredEngines): Promise<void> {
  await Promise.all([...engines.values()].map(({ queue }) => queue.close()));
}

function createPool(
  id: string,
  engine: EngineConfig,
  createReplica: (url: string) => Replica,
  parts: Parts,
): ReplicaPool {
  const { model, precision = null, warmUpTimeoutMs, discovery } = engine;
  return createReplicaPool({
    ...parts,
    id,
    model,
    precision,
    replicas: engine.replicas.map(createReplica),
    ...(discovery === undefined
      ? {}
      : { discovery: { source: createDiscovery(engine.kind, discovery, parts), createReplica } }),
    price: toPrice(engine.cost),
    warmUpTimeoutMs,
    observer: parts.telemetry?.engine(id),
    resilience: createEngineResilience(resilienceOf(engine), parts),
  });
}

function createDiscovery(
  kind: EngineConfig['kind'],
  discovery: NonNullable<EngineConfig['discovery']>,
  parts: Parts,
): Discovery {
  if ('url' in discovery) return createDnsDiscovery({ ...discovery, ...parts });
  const { tls, ...place } = discovery.endpointSlices;
  const scheme = (kind === 'openai' ? 'http' : 'grpc') + (tls ? 's' : '');
  return createEndpointSliceDiscovery({ ...place, scheme, ...inCluster(parts.environment), ...parts });
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The API server as Kubernetes tells every pod. Throws where this process runs in none. */
function inCluster(environment: Parts['environment']): KubernetesAccess {
  const host = environment['KUBERNETES_SERVICE_HOST'];
  const port = environment['KUBERNETES_SERVICE_PORT'] ?? '443';
  if (host === undefined) {
    const message = 'endpointSlices need a pod: KUBERNETES_SERVICE_HOST is not set';
    throw new ConfigError('(configuration)', [{ path: 'engines', line: null, column: null, message }]);
  }
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    tokenFile: `${SERVICE_ACCOUNT}/token`,
    caFile: `${SERVICE_ACCOUNT}/ca.crt`,
  };
}

/** gRPC and its code are only loaded where a configuration names a Triton: they take memory and time. */
async function loadTriton(config: Config): Promise<typeof createTritonReplica | undefined> {
  if (!Object.values(config.engines).some(({ kind }) => kind === 'triton')) return undefined;
  const module = await import('./engines/triton/replica.ts');
  return module.createTritonReplica;
}

/** What a replica needs beside the configuration of its engine. */
interface ReplicaPlace {
  readonly url: string;
  readonly labelProbes: readonly LabelProbe[];
  readonly clock: Clock;
}

function createOpenAi(engine: OpenAiEngineConfig, place: ReplicaPlace): Replica {
  const { model, flavour, apiKey, priority, isolate } = engine;
  return createOpenAiReplica({
    ...place,
    model,
    flavour,
    priority,
    isolate,
    ...(apiKey === undefined ? {} : { apiKey }),
    limits: {
      connections: engine.connections,
      replyBytes: engine.replyLimitBytes,
      connectTimeoutMs: engine.connectTimeoutMs,
    },
  });
}

function tritonOptions(engine: TritonEngineConfig, place: ReplicaPlace): TritonReplicaOptions {
  const { model, backend, chatTemplate, tokenizer, maxModelTokens, metricsPort, messageLimitBytes } = engine;
  return {
    ...place,
    model,
    backend,
    chatTemplate,
    ...(tokenizer === undefined ? {} : { tokenizer }),
    ...(maxModelTokens === undefined ? {} : { maxModelTokens }),
    ...(metricsPort === undefined ? {} : { metricsPort }),
    limits: { messageBytes: messageLimitBytes },
  };
}

function resilienceOf({ resilience: { retries, hedge, stuckAfterMs } }: EngineConfig): ResilienceSettings {
  const { retry, hedge: hedging } = DEFAULT_RESILIENCE;
  return {
    ...DEFAULT_RESILIENCE,
    retry: { ...retry, retries },
    hedge: { ...hedging, enabled: hedge },
    stuckAfterMs,
  };
}

/** True where the price of a token depends on whether it came from the engine's cache. */
function needsCachedTokens({ cost }: EngineConfig): boolean {
  const price = toPrice(cost);
  return price.by === 'token' && price.cachedInputPerMtokUsd !== price.inputPerMtokUsd;
}

/** Templates of the judges that ask this engine, each once. */
function templatesOf(engine: string, config: Config, templates: TemplateSet): PromptTemplate[] {
  const judges = Object.values(config.judges).filter((judge) => judge.engine === engine);
  const found = judges.map((judge) => need(templates.find(judge.prompt), judge.prompt));
  return [...new Map(found.map((template) => [templateId(template), template])).values()];
}

/** Most items that a prompt to this engine shows. */
function itemsPerPrompt(engine: string, { judges }: Config): number {
  const asking = Object.values(judges).filter((judge) => judge.engine === engine);
  return Math.max(1, ...asking.map((judge) => judge.itemsPerPrompt));
}

/** Label sets of a template's questions: one for each scale that a rubric has. */
function probesOf(
  template: PromptTemplate,
  rubrics: LoadedConfig['rubrics'],
  itemsPerPrompt: number,
): LabelProbe[] {
  if (isForSeveral(template)) return [severalProbeOf(template, itemsPerPrompt)];
  if (template.task === 'preference') return [labelProbeOf(template)];
  if (template.task !== 'score') return [];
  const scales = [
    USUAL_SCALE,
    ...[...rubrics.values()].flatMap((rubric) => criteriaOf(rubric)).map(({ scale }) => scale),
  ];
  const probes = scales.map((scale) => scoreProbeOf(template, scale));
  return [...new Map(probes.map((probe) => [probe.id, probe])).values()];
}

export function toPrice(cost: EngineConfig['cost']): Price {
  if ('gpuHourUsd' in cost) return { by: 'gpuHour', ...cost };
  return { by: 'token', ...cost, cachedInputPerMtokUsd: cost.cachedInputPerMtokUsd ?? cost.inputPerMtokUsd };
}

const POLL_MS = 20;

/** Waits until each engine has a ready replica, at most `timeoutMs`, and tells how they are then. */
export async function whenReady(engines: ConfiguredEngines, timeoutMs: number): Promise<EngineStatus[]> {
  const until = performance.now() + timeoutMs;
  const all = [...engines.values()];
  while (!all.every(isReady) && performance.now() < until) await delay(POLL_MS);
  return all.map((engine) => ({
    engine: engine.pool.id,
    kind: kindOf(engine.config),
    model: engine.pool.model,
    replicas: engine.pool.replicas(),
  }));
}

export function isReady({ pool }: ConfiguredEngine): boolean {
  return pool.replicas().some((replica) => replica.ready);
}

/** Protocol and dialect, such as `openai/vllm`. */
export function kindOf(engine: EngineConfig): string {
  return `${engine.kind}/${engine.kind === 'openai' ? engine.flavour : engine.backend}`;
}
