import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { addMigrateCommand } from './migrate.ts';
import { addServeCommand } from './serve.ts';

/** The commands that run a gateway and what it keeps. */
export function addServingCommands(root: Command, context: CommandContext): void {
  addServeCommand(root, context);
  addMigrateCommand(root, context);
}
