import type { Shares } from './compose-batching.ts';
import {
  closeAll,
  isReady,
  others,
  whenReady,
  type ConfiguredEngines,
  configureQueues,
} from './compose-engines.ts';
import type { GatewayState } from './compose-state.ts';
import type { LoadedConfig } from './config/loader.ts';
import type { Config } from './config/schema.ts';
import type { ReloadReport, ReloadResult } from './contracts/admin.ts';
import { ConfigError } from './contracts/program.ts';
import type { Logger } from './contracts/telemetry.ts';

/**
 * Keeps the state that requests are answered from, and puts another one in its place when the configuration
 * is read again. A configuration with any problem changes nothing. New engines get time to warm up before
 * requests meet them; engines that are gone are closed when the last request that began with them is over.
 */
export interface Reloader {
  current(): GatewayState;
  /** One at a time; never rejects. */
  reload(): Promise<ReloadResult>;
  /** Closes all engines, also those that still wait for their last request. */
  close(): Promise<void>;
}

export interface ReloaderParts {
  /** Throws `ConfigError`. */
  load(): LoadedConfig;
  create(loaded: LoadedConfig, before: ConfiguredEngines): Promise<GatewayState>;
  /** Resolves when no request needs the state any more, at the latest after `ms`. */
  unused(state: GatewayState, ms: number): Promise<void>;
  readonly teams: Shares;
  readonly logger: Logger;
}

/** Time that new engines get for a first ready replica; after it they are used as they are. */
const READY_MS = 30_000;
/** Longer than the longest deadline of a policy. */
const LONGEST_REQUEST_MS = 3_660_000;

export function createReloader(first: GatewayState, parts: ReloaderParts): Reloader {
  const { logger } = parts;
  let state = first;
  let last: Promise<unknown> = Promise.resolve();
  let closed = false;
  const retiring = new Set<ConfiguredEngines>();

  const retire = async (old: GatewayState, engines: ConfiguredEngines): Promise<void> => {
    retiring.add(engines);
    await parts.unused(old, LONGEST_REQUEST_MS);
    if (retiring.delete(engines)) await closeAll(engines);
  };
  const swap = async (): Promise<ReloadReport> => {
    const old = state;
    const next = await parts.create(parts.load(), old.engines);
    const fresh = others(next.engines, old.engines);
    await whenReady(fresh, closed ? 0 : READY_MS);
    state = next;
    configureQueues(next.engines, parts.teams);
    void retire(old, others(old.engines, next.engines));
    return reportOf(old, next, fresh);
  };
  const reload = async (): Promise<ReloadResult> => {
    try {
      const report = await swap();
      logger.info({ ...report }, 'configuration reloaded');
      return { ok: true, report };
    } catch (error) {
      const problems = problemsOf(error);
      logger.error({ problems }, 'configuration not reloaded: the one before stays');
      return { ok: false, problems };
    }
  };
  return {
    current: () => state,
    reload() {
      const next = last.then(reload);
      last = next;
      return next;
    },
    async close() {
      closed = true;
      await last;
      const waiting = [...retiring];
      retiring.clear();
      await Promise.all([state.engines, ...waiting].map(closeAll));
    },
  };
}

function problemsOf(error: unknown): readonly { path: string; line: number | null; message: string }[] {
  if (error instanceof ConfigError) return error.problems;
  return [{ path: '', line: null, message: error instanceof Error ? error.message : String(error) }];
}

function reportOf(old: GatewayState, next: GatewayState, fresh: ConfiguredEngines): ReloadReport {
  const ids = [...next.engines.keys()];
  return {
    engines: {
      kept: ids.filter((id) => !fresh.has(id)),
      changed: ids.filter((id) => fresh.has(id) && old.engines.has(id)),
      added: ids.filter((id) => !old.engines.has(id)),
      removed: [...old.engines.keys()].filter((id) => !next.engines.has(id)),
    },
    notReady: [...fresh].filter(([, engine]) => !isReady(engine)).map(([id]) => id),
    needRestart: needRestart(old.loaded.config, next.loaded.config),
  };
}

/** What was set at the start and stays: sockets, the log and the ledger. */
function needRestart(old: Config, next: Config): string[] {
  const fixed = {
    'server.host': (config: Config) => config.server.host,
    'server.port': (config: Config) => config.server.port,
    'log.level': (config: Config) => config.log.level,
    admin: (config: Config) => config.admin,
    metrics: (config: Config) => config.metrics,
    tracing: (config: Config) => config.tracing,
    jobs: (config: Config) => config.jobs,
    'cache.redis': (config: Config) => config.cache.redis,
    storage: (config: Config) => config.storage,
  };
  return Object.entries(fixed)
    .filter(([, read]) => JSON.stringify(read(old)) !== JSON.stringify(read(next)))
    .map(([path]) => path);
}
