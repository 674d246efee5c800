import type { EngineStatus, GatewaySource, RunningGateway, ServeOptions } from '../contracts/program.ts';
import { withConfig } from './config-problems.ts';
import type { CommandContext } from './context.ts';
import { CommandError, EXIT } from './exit.ts';

/** Where `assay` looks for a configuration when it is told nothing. */
export const DEFAULT_CONFIG = './assay.yaml';

/** Engines load models and compile kernels; they get this long for the first ready replica. */
const READY_TIMEOUT_MS = 120_000;

/** Starts a gateway on a free port of this machine and waits until its engines are ready or `stop` aborts. */
export async function startOwnGateway(
  { program }: Pick<CommandContext, 'program'>,
  source: GatewaySource,
  stop: AbortSignal,
  extra: Pick<ServeOptions, 'eachJudge' | 'variants'> = {},
): Promise<RunningGateway> {
  const options = { source, host: '127.0.0.1', port: 0, log: false, ephemeral: true, ...extra };
  const gateway = await withSource(source, () => program.serve(options));
  try {
    const engines = await Promise.race([gateway.ready(READY_TIMEOUT_MS), stopped(stop)]);
    const missing = engines.filter(({ replicas }) => !replicas.some((replica) => replica.ready));
    if (missing.length > 0) throw new CommandError(EXIT.stopped, missing.map(notReady).join('\n'));
    return gateway;
  } catch (error) {
    await gateway.close();
    throw error;
  }
}

/** Rejects when the user has had enough of waiting. */
async function stopped(stop: AbortSignal): Promise<never> {
  if (!stop.aborted) await new Promise((resolve) => stop.addEventListener('abort', resolve, { once: true }));
  throw new CommandError(EXIT.interrupted, 'interrupted before the engines were ready');
}

/** Runs what needs `source`; problems of a configuration file are told with its path. */
export async function withSource<T>(source: GatewaySource, run: () => Promise<T>): Promise<T> {
  return source.type === 'file' ? withConfig(source.path, run) : run();
}

function notReady({ engine, replicas }: EngineStatus): string {
  const reasons = replicas.map(({ url, reason }) => `${url}: ${reason ?? 'not ready'}`);
  return `engine ${engine} has no ready replica (${reasons.join('; ')})`;
}
