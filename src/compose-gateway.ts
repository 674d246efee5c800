import { familiesOf, judgePartsOf } from './compose-evaluation.ts';
import { type ConfiguredEngines, kindOf, whenReady } from './compose-engines.ts';
import { createJobs } from './compose-jobs.ts';
import { openLedger, type OpenStorage, openStorage } from './compose-ledger.ts';
import { createParts, type Parts } from './compose-parts.ts';
import { createEvidence } from './compose-evidence.ts';
import { createLabelCache } from './compose-label-cache.ts';
import { createReloader, type Reloader } from './compose-reload.ts';
import { createState, type Lasting } from './compose-state.ts';
import { createMetrics, createTelemetry, type Telemetry } from './compose-telemetry.ts';
import { createTenancy, type Tenancy } from './compose-tenancy.ts';
import { openTracing } from './compose-tracing.ts';
import type { Environment, LoadedConfig } from './config/loader.ts';
import type { Config } from './config/schema.ts';
import type { EngineDetail, Operations } from './contracts/admin.ts';
import type { RunningGateway, ServeOptions } from './contracts/program.ts';
import { type AdminServer, createAdminServer } from './http/admin.ts';
import { createGatewayServer } from './http/server.ts';
import { createAdminAuthenticator } from './compose-authenticators.ts';
import { createOwnKey } from './tenancy/config-keys.ts';

/** Where a gateway's configuration comes from; it is read again at each reload. */
export interface ConfigSource {
  /** Throws `ConfigError`. */
  load(): LoadedConfig;
  stop(): Promise<void>;
}

/** A gateway from its configuration to its open ports, and the way back. */
export async function startGateway(
  source: ConfigSource,
  options: ServeOptions,
  environment: Environment,
): Promise<RunningGateway> {
  const loaded = source.load();
  const level = options.log ? loaded.config.log.level : 'error';
  const common = createParts(level, environment);
  const parts = { ...common, telemetry: createTelemetry(await openTracing(loaded), common.clock) };
  const storage = await openStorage(loaded, parts, { ephemeral: options.ephemeral ?? false });
  try {
    return await openGateway(source, loaded, { options, parts, storage });
  } catch (error) {
    await storage?.close();
    throw error;
  }
}

interface Foundation {
  readonly options: ServeOptions;
  readonly parts: GatewayParts;
  readonly storage: OpenStorage | null;
}

async function openGateway(
  source: ConfigSource,
  loaded: LoadedConfig,
  { options, parts, storage }: Foundation,
): Promise<RunningGateway> {
  const { config } = loaded;
  const ledger = storage === null ? null : await openLedger(storage, loaded.config, parts);
  const evidence = createEvidence(parts, ledger?.archive ?? null);
  const jobs = createJobs({ config, storage, parts, current: () => reloader.current() });
  const labels = createLabelCache(config.cache, parts);
  const tenancy = await createTenancy(storage, config, parts);
  const lasting = { tenancy, parts, ownKey: createOwnKey(), evidence, labels, ledger, ...jobs.surfaces };
  const reloader: Reloader = createReloader(await createState(loaded, lasting, new Map()), {
    load: () => source.load(),
    create: (next, before) => createState(next, lasting, before),
    unused: (state, ms) => server.unused(state.deps, ms),
    teams: tenancy.teams,
    logger: parts.logger,
  });
  const server = createGatewayServer(() => reloader.current().deps);
  const operations = createOperations(reloader, lasting, parts.telemetry);
  const admin = createAdmin(config, operations, { ...parts, tenancy });
  const configNow = () => reloader.current().loaded.config;
  const metrics = createMetrics(parts.telemetry, { config: configNow, ...operations, evidence });
  const close = async (): Promise<void> => {
    await Promise.all([admin?.close(), server.close(), jobs.close()]);
    await evidence.close();
    await metrics.close();
    await reloader.close();
    await closeKept(lasting);
    await storage?.close();
    await source.stop();
    parts.logger.flush();
  };
  try {
    await jobs.start();
    const { host, port } = config.server;
    const { url } = await server.listen(options.host ?? host, options.port ?? port);
    const adminUrl = config.admin === undefined ? undefined : await admin?.listen(config.admin);
    const metricsUrl = config.metrics && (await metrics.listen(config.metrics));
    const policies = reloader.current().deps.policies.map((policy) => policy.name);
    return {
      url,
      adminUrl: adminUrl ?? null,
      ...(metricsUrl === undefined ? {} : { metricsUrl }),
      apiKey: lasting.ownKey.key,
      ...plansOf(config, policies),
      judgeParts: judgePartsOf(loaded),
      families: familiesOf(config),
      ready: (timeoutMs) => whenReady(reloader.current().engines, timeoutMs),
      reload: operations.reload,
      close,
    };
  } catch (error) {
    await Promise.all([admin?.close(), metrics.close(), server.close(), jobs.close()]);
    await reloader.close();
    await closeKept(lasting);
    throw error;
  }
}

async function closeKept({
  labels,
  tenancy,
  ledger,
}: Pick<Lasting, 'labels' | 'tenancy' | 'ledger'>): Promise<void> {
  labels.close();
  await tenancy.close();
  await ledger?.close();
}

/** The policies by name, and their tiers. */
function plansOf(config: Config, policies: readonly string[]) {
  return {
    policies,
    tiers: config.policies[policies[0] ?? '']?.tiers ?? [],
    plans: Object.fromEntries(Object.entries(config.policies).map(([name, { tiers }]) => [name, tiers])),
  };
}

type GatewayParts = Parts & { readonly telemetry: Telemetry };

function createAdmin(
  config: Config,
  operations: Operations,
  parts: GatewayParts & { readonly tenancy: Tenancy },
): AdminServer | undefined {
  if (config.admin === undefined) return undefined;
  const { tenancy } = parts;
  const { authenticator, isOpen } = createAdminAuthenticator(config.admin, {
    ...parts,
    directory: tenancy.teams,
  });
  return createAdminServer({
    ...parts,
    authenticator,
    needsKey: () => !isOpen(),
    teams: tenancy.administration,
    operations,
    exposition: parts.telemetry.exposition,
  });
}

function createOperations(
  reloader: Reloader,
  { labels, evidence, jobs }: Pick<Lasting, 'labels' | 'evidence' | 'jobs'>,
  { meter, recent }: Telemetry,
): Operations {
  const reloads = meter.counter('assay_config_reloads_total');
  const [ok, refused] = [reloads.of({ reload: 'ok' }), reloads.of({ reload: 'refused' })];
  const engines = (): ConfiguredEngines => reloader.current().engines;
  return {
    engines: () =>
      [...engines().values()].map(({ pool, queue, config }): EngineDetail => ({
        engine: pool.id,
        kind: kindOf(config),
        model: pool.model,
        precision: pool.precision,
        replicas: pool.details(),
        queue: queue.queue(),
      })),
    tokens: async () => (await Promise.all([...engines().values()].map(({ pool }) => pool.tokens()))).flat(),
    setDraining(replica, draining) {
      const pool = engines().get(replica.split('/')[0] ?? '')?.pool;
      return (draining ? pool?.drain(replica) : pool?.undrain(replica)) ?? false;
    },
    async reload() {
      const result = await reloader.reload();
      (result.ok ? ok : refused).add();
      return result;
    },
    cache: labels,
    observations: (policy, query) => evidence.observations(policy, query),
    verdicts: recent,
    lanes: () => evidence.lanes(),
    jobs: async (limit) => (await jobs?.newest(limit)) ?? null,
    costs: () => reloader.current().deps.ledger?.costs ?? null,
  };
}
