import { join } from 'node:path';
import { calibrationProgram } from './compose-calibration.ts';
import { withGoldFiles } from './compose-gold-files.ts';
import { withCertificates } from './compose-certificates.ts';
import { closeAll, createEngines, whenReady } from './compose-engines.ts';
import { withEachJudge } from './compose-each-judge.ts';
import { evaluationProgram } from './compose-evaluation.ts';
import { type ConfigSource, startGateway } from './compose-gateway.ts';
import { migrateStorage } from './compose-ledger.ts';
import { createParts } from './compose-parts.ts';
import { openTeams } from './compose-teams.ts';
import { openPlan } from './compose-plan.ts';
import { checkPrompts } from './compose-prompts.ts';
import { CONFIG_JSON_SCHEMA } from './config/json-schema.ts';
import { checkConfig, type Environment, type LoadedConfig, loadConfig } from './config/loader.ts';
import { renderConfig } from './config/print.ts';
import type { Config } from './config/schema.ts';
import { simulatedConfig, simulatedEngines } from './config/simulated.ts';
import { ConfigError, type GatewaySource, type Program } from './contracts/program.ts';
import { startSimulator } from './engines/simulator/simulator.ts';

/**
 * The composition root: from a configuration to a graph of objects. It and the files `compose-*.ts` beside it
 * (engines, what requests are answered from, a running gateway) are the only ones that import every room;
 * they hold no rules of their own. To add a judge, rule, engine or store, wire it there.
 */
export function createProgram(environment: Environment): Program {
  const loadOptions = { environment, builtInTemplates: join(import.meta.dirname, 'judging/templates') };
  const load = (path: string): LoadedConfig =>
    withGoldFiles(path, withCertificates(path, loadConfig(path, loadOptions)));
  return {
    async serve(options) {
      const source = await openSource(options.source, load, (data) => checkConfig(data, loadOptions));
      try {
        return await startGateway(
          options.eachJudge ? withEachJudge(source, options.variants) : source,
          options,
          environment,
        );
      } catch (error) {
        await source.stop();
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
    migrate: (path) => migrateStorage(load(path), createParts('error', environment)),
    openTeams: (path) => openTeams(load(path), createParts('error', environment)),
    configSchema: () => CONFIG_JSON_SCHEMA,
    async doctor(path, timeoutMs) {
      const engines = await createEngines(
        load(path),
        { ...createParts('silent', environment), teams: { find: () => undefined } },
        new Map(),
      );
      try {
        return await whenReady(engines, timeoutMs);
      } finally {
        await closeAll(engines);
      }
    },
    checkPrompts: (directory) => checkPrompts(loadOptions.builtInTemplates, directory),
    openPlan: (request) =>
      openPlan(
        request,
        request.config === null ? checkConfig(simulatedConfig(NOWHERE), loadOptions) : load(request.config),
      ),
    ...evaluationProgram,
    ...calibrationProgram,
  };
}

/** Addresses of simulated engines that nobody asks. */
const NOWHERE = { small: 'http://127.0.0.1:1', large: 'http://127.0.0.1:1' };

async function openSource(
  source: GatewaySource,
  load: (path: string) => LoadedConfig,
  check: (data: unknown) => LoadedConfig,
): Promise<ConfigSource> {
  if (source.type === 'file') return { load: () => load(source.path), stop: async () => undefined };
  const options = simulatedEngines(source.preferences);
  const [small, large] = await Promise.all([startSimulator(options.small), startSimulator(options.large)]);
  const loaded = check(simulatedConfig({ small: small.url, large: large.url }));
  return {
    load: () => loaded,
    stop: async () => {
      await Promise.all([small.close(), large.close()]);
    },
  };
}

function summaryOf(config: Config): string {
  const count = (entries: Readonly<Record<string, unknown>>, noun: string): string => {
    const n = Object.keys(entries).length;
    return `${n} ${noun}${n === 1 ? '' : 's'}`;
  };
  const policies = Object.keys(config.policies);
  return `${count(config.engines, 'engine')}, ${count(config.judges, 'judge')}, policies: ${policies.join(', ')}, ${count(config.teams, 'team')}`;
}
