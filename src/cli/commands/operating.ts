import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { addAuditCommand } from './audit.ts';
import { addCacheCommand } from './cache.ts';
import { addCostsCommand } from './costs.ts';
import { addEnginesCommand } from './engines.ts';
import { addTeamsCommand } from './teams.ts';

/** The commands that ask the admin API of a running gateway. */
export function addOperatingCommands(root: Command, context: CommandContext): void {
  addEnginesCommand(root, context);
  addCacheCommand(root, context);
  addCostsCommand(root, context);
  addTeamsCommand(root, context);
  addAuditCommand(root, context);
}
