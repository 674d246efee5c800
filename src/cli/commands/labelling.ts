import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { addExportCommand } from './export.ts';
import { addJobsCommand } from './jobs.ts';
import { addLabelCommand } from './label.ts';
import { addPairsCommand } from './pairs.ts';
import { addPlanCommand } from './plan.ts';
import { addReplayCommand } from './replay.ts';
import { addVerifyCommand } from './verify.ts';

/** The commands that get labels, now or later, and make data of them. */
export function addLabellingCommands(root: Command, context: CommandContext): void {
  addLabelCommand(root, context);
  addPairsCommand(root, context);
  addPlanCommand(root, context);
  addJobsCommand(root, context);
  addExportCommand(root, context);
  addVerifyCommand(root, context);
  addReplayCommand(root, context);
}
