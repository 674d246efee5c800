import type { Command } from 'commander';
import { z } from 'zod';
import { withConfig } from '../config-problems.ts';
import type { CommandContext } from '../context.ts';
import { DEFAULT_CONFIG } from '../gateway.ts';
import { readOptions } from '../options.ts';

const optionsSchema = z.object({ config: z.string().default(DEFAULT_CONFIG) });

export function addMigrateCommand(root: Command, { io, program, paint }: CommandContext): void {
  root
    .command('migrate')
    .description("bring the tables of the ledger's database up to date; does nothing when they are")
    .option('--config <file>', `configuration file (default: ${DEFAULT_CONFIG})`)
    .action(async (values: unknown) => {
      const { config } = readOptions(optionsSchema, values);
      const names = await withConfig(config, () => program.migrate(config));
      for (const name of names) io.stdout.write(`${paint('green', 'done')}  ${name}\n`);
      if (names.length === 0) io.stdout.write(`${paint('green', 'ok')}  the tables are up to date\n`);
    });
}
