import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { CONFIG_JSON_SCHEMA } from './config/json-schema.ts';
import { checkConfig, type Environment, type LoadedConfig, loadConfig } from './config/loader.ts';
import { renderConfig } from './config/print.ts';
import type { Config, EngineConfig, OpenAiEngineConfig, TritonEngineConfig } from './config/schema.ts';
import { simulatedConfig, simulatedEngines } from './config/simulated.ts';
import type { TemplateSet } from './config/templates.ts';
import type { CallStarter } from './contracts/call.ts';
import type { Clock, Random } from './contracts/clock.ts';
import type { Engine, LabelProbe, Replica } from './contracts/engine.ts';
import type { PolicyInfo } from './contracts/feedback.ts';
import type { Judge } from './contracts/judge.ts';
import {
  ConfigError,
  type EngineStatus,
  type GatewaySource,
  type Program,
  type RunningGateway,
  type ServeOptions,
} from './contracts/program.ts';
import type { Router } from './contracts/routing.ts';
import type { Logger } from './contracts/telemetry.ts';
import type { Authenticator } from './contracts/tenancy.ts';
import type { Price } from './domain/cost.ts';
import { type PromptTemplate, templateId } from './domain/template.ts';
import { createOpenAiReplica } from './engines/openai/replica.ts';
import type { createTritonReplica, TritonReplicaOptions } from './engines/triton/replica.ts';
import { startSimulator } from './engines/simulator/simulator.ts';
import { createFeedbackService } from './feedback/service.ts';
import { createGatewayServer } from './http/server.ts';
import { createPreferenceJudge, labelProbeOf } from './judging/preference-judge.ts';
import { createDnsDiscovery } from './pool/discovery.ts';
import { createReplicaPool } from './pool/replica-pool.ts';
import { createCallStarter } from './resilience/deadline.ts';
import { createEngineResilience } from './resilience/engine-resilience.ts';
import { DEFAULT_RESILIENCE, type ResilienceSettings } from './resilience/settings.ts';
import { createCascade } from './routing/cascade.ts';
import { thresholdRule } from './routing/threshold-rule.ts';
import { createLogger } from './telemetry/logger.ts';
import { createSystemClock, createSystemRandom } from './telemetry/system-clock.ts';
import { createKeyAuthenticator, createOpenAuthenticator, createOwnKey } from './tenancy/config-keys.ts';

/**
 * The composition root: from a configuration to a graph of objects. The only file that imports every
 * room; it holds no rules of its own. To add a judge, rule, engine or store, wire it here.
 */
export function createProgram(environment: Environment): Program {
  const loadOptions = { environment, builtInTemplates: join(import.meta.dirname, 'judging/templates') };
  const load = (path: string): LoadedConfig => loadConfig(path, loadOptions);
  return {
    async serve(options) {
      const { loaded, stop } = await openSource(options.source, load, (data) =>
        checkConfig(data, loadOptions),
      );
      try {
        return await startGateway(loaded, options, stop);
      } catch (error) {
        await stop();
        throw error;
      }
    },
    simulate: (options) => startSimulator(options),
    async checkConfig(path) {
      try {
        return { ok: true, summary: summaryOf(load(path).config) };
      } catch (error) {
        if (error instanceof ConfigError) return { ok: false, problems: error.problems };
        throw error;
      }
    },
    printConfig: async (path) => renderConfig(load(path)),
    configSchema: () => CONFIG_JSON_SCHEMA,
    async doctor(path, timeoutMs) {
      const loaded = load(path);
      const parts = createParts('silent');
      const engines = await createEngines(loaded, parts);
      try {
        return await whenReady(loaded.config, engines, timeoutMs);
      } finally {
        await closeAll(engines);
      }
    },
  };
}

/** What every room gets handed: time, chance, calls and the log. */
interface Parts {
  readonly clock: Clock;
  readonly random: Random;
  readonly calls: CallStarter;
  readonly logger: Logger;
}

function createParts(level: Config['log']['level']): Parts {
  const clock = createSystemClock();
  return {
    clock,
    random: createSystemRandom(),
    calls: createCallStarter(clock),
    logger: createLogger(level),
  };
}

interface OpenSource {
  readonly loaded: LoadedConfig;
  stop(): Promise<void>;
}

async function openSource(
  source: GatewaySource,
  load: (path: string) => LoadedConfig,
  check: (data: unknown) => LoadedConfig,
): Promise<OpenSource> {
  if (source.type === 'file') return { loaded: load(source.path), stop: async () => undefined };
  const options = simulatedEngines(source.preferences);
  const [small, large] = await Promise.all([startSimulator(options.small), startSimulator(options.large)]);
  return {
    loaded: check(simulatedConfig({ small: small.url, large: large.url })),
    stop: async () => {
      await Promise.all([small.close(), large.close()]);
    },
  };
}

async function startGateway(
  loaded: LoadedConfig,
  options: ServeOptions,
  stop: () => Promise<void>,
): Promise<RunningGateway> {
  const { config } = loaded;
  const parts = createParts(options.log ? config.log.level : 'error');
  const engines = await createEngines(loaded, parts);
  const ownKey = createOwnKey();
  const server = createGatewayServer({
    ...parts,
    authenticator: createAuthenticator(config, ownKey),
    feedback: createFeedback(loaded, engines, parts),
    policies: policyInfos(config),
    engines,
    rubrics: new Map(Object.entries(config.rubrics).map(([id, { text }]) => [id, { id, text }])),
    limits: { bodyBytes: config.server.bodyLimitBytes, maxItems: config.server.maxItems },
    heartbeatMs: config.server.heartbeatMs,
    drainMs: config.server.drainMs,
    logged: config.log.requests,
    version: packageVersion(),
  });
  const close = async (): Promise<void> => {
    await server.close();
    await closeAll(engines);
    await stop();
    parts.logger.flush();
  };
  try {
    const { url } = await server.listen(
      options.host ?? config.server.host,
      options.port ?? config.server.port,
    );
    const policies = policyInfos(config).map((policy) => policy.name);
    return {
      url,
      apiKey: ownKey.key,
      policies,
      tiers: config.policies[policies[0] ?? '']?.tiers ?? [],
      ready: (timeoutMs) => whenReady(config, engines, timeoutMs),
      close,
    };
  } catch (error) {
    await closeAll(engines);
    throw error;
  }
}

function createAuthenticator(config: Config, ownKey: ReturnType<typeof createOwnKey>): Authenticator {
  const teams = Object.entries(config.teams);
  if (teams.length === 0) return createOpenAuthenticator();
  return createKeyAuthenticator([
    ...teams.map(([team, { keys, policies }]) => ({ team, keys, policies: policies ?? null })),
    ownKey.team,
  ]);
}

async function createEngines(
  { config, templates }: LoadedConfig,
  parts: Parts,
): Promise<Map<string, Engine>> {
  const triton = await loadTriton(config);
  const engines = Object.entries(config.engines).map(([id, engine]): [string, Engine] => {
    const labelProbes = templatesOf(id, config, templates).map(labelProbeOf);
    const createReplica = (url: string): Replica =>
      engine.kind === 'openai'
        ? createOpenAi(engine, { url, labelProbes, clock: parts.clock })
        : need(triton, 'triton')(tritonOptions(engine, { url, labelProbes, clock: parts.clock }));
    const { model, precision = null, warmUpTimeoutMs, discovery } = engine;
    const pool = createReplicaPool({
      ...parts,
      id,
      model,
      precision,
      replicas: engine.replicas.map(createReplica),
      ...(discovery === undefined
        ? {}
        : { discovery: { source: createDnsDiscovery({ ...discovery, ...parts }), createReplica } }),
      price: toPrice(engine.cost),
      warmUpTimeoutMs,
      resilience: createEngineResilience(resilienceOf(engine), parts),
    });
    return [id, pool];
  });
  return new Map(engines);
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
  const { model, flavour, apiKey } = engine;
  return createOpenAiReplica({
    ...place,
    model,
    flavour,
    ...(apiKey === undefined ? {} : { apiKey }),
    limits: {
      connections: engine.connections,
      replyBytes: engine.replyLimitBytes,
      connectTimeoutMs: engine.connectTimeoutMs,
    },
  });
}

function tritonOptions(engine: TritonEngineConfig, place: ReplicaPlace): TritonReplicaOptions {
  const { model, backend, chatTemplate, tokenizer, maxModelTokens, messageLimitBytes } = engine;
  return {
    ...place,
    model,
    backend,
    chatTemplate,
    ...(tokenizer === undefined ? {} : { tokenizer }),
    ...(maxModelTokens === undefined ? {} : { maxModelTokens }),
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

/** Templates of the judges that ask this engine, each once. */
function templatesOf(engine: string, config: Config, templates: TemplateSet): PromptTemplate[] {
  const judges = Object.values(config.judges).filter((judge) => judge.engine === engine);
  const found = judges.map((judge) => need(templates.find(judge.prompt), judge.prompt));
  return [...new Map(found.map((template) => [templateId(template), template])).values()];
}

function toPrice(cost: EngineConfig['cost']): Price {
  if ('gpuHourUsd' in cost) return { by: 'gpuHour', ...cost };
  return { by: 'token', ...cost, cachedInputPerMtokUsd: cost.cachedInputPerMtokUsd ?? cost.inputPerMtokUsd };
}

function createFeedback(
  { config, templates }: LoadedConfig,
  engines: ReadonlyMap<string, Engine>,
  parts: Parts,
) {
  const judges = new Map(
    Object.entries(config.judges).map(([name, judge]): [string, Judge] => {
      const engine = need(engines.get(judge.engine), judge.engine);
      const template = need(templates.find(judge.prompt), judge.prompt);
      return [
        name,
        createPreferenceJudge({ name, engine, template, orders: judge.orders, random: parts.random }),
      ];
    }),
  );
  const policies = Object.entries(config.policies).map(
    ([name, policy]): [string, { router: Router; concurrency: number }] => {
      const tiers = policy.tiers.map((tier, index) => ({
        name: tier,
        judge: need(judges.get(tier), tier),
        rule: thresholdRule(index === policy.tiers.length - 1 ? policy.abstainBelow : policy.acceptAt),
      }));
      return [name, { router: createCascade(tiers), concurrency: policy.concurrency }];
    },
  );
  return createFeedbackService({ policies: new Map(policies), random: parts.random, logger: parts.logger });
}

/** The policies as the surfaces see them, `default` first. */
function policyInfos(config: Config): PolicyInfo[] {
  return Object.entries(config.policies)
    .map(([name, policy]) => ({
      name,
      engines: policy.tiers.map((tier) => need(config.judges[tier], tier).engine),
      deadlineMs: policy.deadlineMs,
    }))
    .toSorted((x, y) => Number(y.name === 'default') - Number(x.name === 'default'));
}

/** The configuration was checked: what it names is there. */
function need<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`the checked configuration has no "${name}"`);
  return value;
}

const POLL_MS = 20;

async function whenReady(
  config: Config,
  engines: ReadonlyMap<string, Engine>,
  timeoutMs: number,
): Promise<EngineStatus[]> {
  const until = performance.now() + timeoutMs;
  const isReady = (engine: Engine): boolean => engine.replicas().some((replica) => replica.ready);
  while (![...engines.values()].every(isReady) && performance.now() < until) await delay(POLL_MS);
  return [...engines.values()].map((engine) => {
    const configured = need(config.engines[engine.id], engine.id);
    const dialect = configured.kind === 'openai' ? configured.flavour : configured.backend;
    return {
      engine: engine.id,
      kind: `${configured.kind}/${dialect}`,
      model: engine.model,
      replicas: engine.replicas(),
    };
  });
}

async function closeAll(engines: ReadonlyMap<string, Engine>): Promise<void> {
  await Promise.all([...engines.values()].map((engine) => engine.close()));
}

function summaryOf(config: Config): string {
  const count = (entries: Readonly<Record<string, unknown>>, noun: string): string => {
    const n = Object.keys(entries).length;
    return `${n} ${noun}${n === 1 ? '' : 's'}`;
  };
  const policies = Object.keys(config.policies);
  return `${count(config.engines, 'engine')}, ${count(config.judges, 'judge')}, policies: ${policies.join(', ')}, ${count(config.teams, 'team')}`;
}

function packageVersion(): string {
  const text = readFileSync(join(import.meta.dirname, '../package.json'), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}
