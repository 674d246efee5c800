import type { Command } from 'commander';
import { z } from 'zod';
import type { GatewaySource } from '../../contracts/program.ts';
import type { CommandContext } from '../context.ts';
import { plantedPreferences, readPairs, SHIPPED_PAIRS } from '../demo/pairs.ts';
import { EXIT, usageError } from '../exit.ts';
import { DEFAULT_CONFIG, withSource } from '../gateway.ts';
import { interrupted } from '../io.ts';
import { readOptions, wholeNumber } from '../options.ts';

const optionsSchema = z.object({
  config: z.string().optional(),
  simulated: z.boolean().default(false),
  host: z.string().min(1, 'is empty').optional(),
  port: wholeNumber(0, 65_535).optional(),
});
type ServeFlags = z.output<typeof optionsSchema>;

const HELP = `
Examples:
  assay serve --config assay.yaml
  assay serve --simulated --port 8080     two simulated engines; labels mean nothing

Stops at SIGINT or SIGTERM: refuses new requests, lets those under way end. A second signal ends it at once.
SIGHUP reads the configuration again: one with problems is refused and told in the log, and the one before stays.
`;

export function addServeCommand(root: Command, context: CommandContext): void {
  root
    .command('serve')
    .description('run the gateway')
    .option('--config <file>', `configuration file (default: ${DEFAULT_CONFIG})`)
    .option('--simulated', 'two simulated engines instead of a configuration')
    .option('--host <address>', 'address to listen on, instead of the configured one')
    .option('--port <number>', 'port to listen on, instead of the configured one; 0 takes a free one')
    .addHelpText('after', HELP)
    .action((values: unknown) => serve(readOptions(optionsSchema, values), context));
}

async function serve(flags: ServeFlags, { io, program, exit }: CommandContext): Promise<void> {
  const { host, port } = flags;
  const source = await sourceOf(flags);
  const gateway = await withSource(source, () =>
    program.serve({
      source,
      ...(host === undefined ? {} : { host }),
      ...(port === undefined ? {} : { port }),
      log: true,
    }),
  );
  io.stderr.write(
    `Assay serves ${gateway.url}, policies ${gateway.policies.join(', ')}; API page at ${gateway.url}/docs\n`,
  );
  if (gateway.adminUrl !== null) io.stderr.write(`Admin API at ${gateway.adminUrl}/admin/engines\n`);
  if (gateway.metricsUrl !== undefined) io.stderr.write(`Metrics at ${gateway.metricsUrl}\n`);
  // How it went stands in the log.
  const stopReloads = io.onReload?.(() => void gateway.reload());
  await interrupted(io);
  stopReloads?.();
  io.stderr.write('Stopping: requests under way may end; interrupt again to drop them.\n');
  const outcome = await Promise.race([
    gateway.close().then(() => EXIT.ok),
    interrupted(io).then(() => EXIT.interrupted),
  ]);
  exit(outcome);
}

async function sourceOf({ config, simulated }: ServeFlags): Promise<GatewaySource> {
  if (!simulated) return { type: 'file', path: config ?? DEFAULT_CONFIG };
  if (config !== undefined) throw usageError('--config and --simulated exclude each other');
  return { type: 'simulated', preferences: plantedPreferences(await readPairs(SHIPPED_PAIRS)) };
}
