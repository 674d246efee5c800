import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { z } from 'zod';
import { ERRORS, GatewayError } from '../../domain/errors.ts';
import { adminOptions } from '../admin-client.ts';
import { withConfig } from '../config-problems.ts';
import type { CommandContext } from '../context.ts';
import { CommandError, EXIT } from '../exit.ts';
import { gatewayDesk, ledgerDesk, type TeamDesk } from './desk.ts';

export const DEFAULT_URL = 'http://127.0.0.1:8081';

/** Options of commands that ask for teams and keys. */
export const deskOptions = {
  ...adminOptions,
  url: adminOptions.url.default(DEFAULT_URL),
  config: z.string().min(1).optional(),
};

export interface DeskFlags {
  readonly url: string;
  readonly key?: string | undefined;
  readonly config?: string | undefined;
}

export function withDeskFlags(command: Command): Command {
  return command
    .option('--url <address>', `address of the admin API of a running gateway (default: ${DEFAULT_URL})`)
    .option('--key <key>', 'admin key; better as ASSAY_ADMIN_KEY, which other users do not see')
    .option('--config <file>', 'act on the ledger of this configuration directly, without a gateway')
    .option('--json', 'print JSON');
}

/** Runs what needs a desk, and closes what it opened. */
export async function atDesk<T>(
  flags: DeskFlags,
  context: CommandContext,
  work: (desk: TeamDesk) => Promise<T>,
): Promise<T> {
  const { config } = flags;
  if (config === undefined) return work(gatewayDesk(flags, context));
  const opened = await withConfig(config, () => context.program.openTeams(config));
  try {
    return await work(
      ledgerDesk(opened, { name: `cli:${userInfo().username}`, requestId: null, address: null }),
    );
  } catch (error) {
    throw asUsage(error);
  } finally {
    await opened.close();
  }
}

/** What a gateway would have answered with a status below 500 is the user's to mend. */
function asUsage(error: unknown): unknown {
  if (!(error instanceof GatewayError) || ERRORS[error.code].status >= 500) return error;
  return new CommandError(EXIT.usage, error.message, { cause: error });
}
