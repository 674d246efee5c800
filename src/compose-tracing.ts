import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { LoadedConfig } from './config/loader.ts';
import { ConfigError } from './contracts/program.ts';
import type { Tracing } from './contracts/tracing.ts';
import { createPassThrough } from './telemetry/pass-through.ts';

/**
 * Traces as configured. OpenTelemetry's API is loaded only where they are on; the SDK is whatever the named
 * module sets up. Throws `ConfigError` for a module that cannot be loaded.
 */
export async function openTracing({ config, directory }: LoadedConfig): Promise<Tracing> {
  if (config.tracing === undefined) return createPassThrough();
  const { module } = config.tracing;
  if (module !== undefined) await loadModule(resolve(directory, module));
  const { createTracing } = await import('./telemetry/tracing.ts');
  return createTracing();
}

async function loadModule(path: string): Promise<void> {
  try {
    await import(pathToFileURL(path).href);
  } catch (error) {
    const message = `${path} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`;
    throw new ConfigError('(configuration)', [{ path: 'tracing.module', line: null, column: null, message }]);
  }
}
