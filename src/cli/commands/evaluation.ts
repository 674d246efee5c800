import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { addCalibrateCommand } from './calibrate.ts';
import { addCompareJudgesCommand } from './compare-judges.ts';
import { addEvaluateCommand } from './evaluate.ts';
import { addPromptsCommand } from './prompts.ts';

/** The commands that say how good judges, policies and prompts are. */
export function addEvaluationCommands(root: Command, context: CommandContext): void {
  addCompareJudgesCommand(root, context);
  addEvaluateCommand(root, context);
  addCalibrateCommand(root, context);
  addPromptsCommand(root, context);
}
