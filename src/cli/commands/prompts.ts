import type { Command } from 'commander';
import { z } from 'zod';
import { ConfigError } from '../../contracts/program.ts';
import type { PromptCheck } from '../../contracts/prompts.ts';
import { renderProblems } from '../config-problems.ts';
import type { CommandContext } from '../context.ts';
import { EXIT, usageError } from '../exit.ts';
import { readOptions } from '../options.ts';
import { addPromptsBenchCommand } from './prompts-bench.ts';
import { renderTable } from '../print/table.ts';

const optionsSchema = z.object({ json: z.boolean().default(false) });

const HELP = `
Looks for what makes labels dearer or less safe: shared text behind the texts of the item, texts without a fence,
words that invite prose, an end that is no question, labels that the text does not name. Asks nobody.
Exit code 1 when there is something to mend.
`;

export function addPromptsCommand(root: Command, context: CommandContext): void {
  const prompts = root.command('prompts').description('look after prompt templates');
  addPromptsBenchCommand(prompts, context);
  prompts
    .command('check')
    .argument('[dir]', 'folder of own templates (*.yaml); without it the built-in ones alone')
    .description('name what makes the labels of a template dearer or less safe')
    .option('--json', 'print the findings as JSON')
    .addHelpText('after', HELP)
    .action(async (directory: string | undefined, values: unknown) => {
      await check(directory ?? null, readOptions(optionsSchema, values).json, context);
    });
}

async function check(directory: string | null, json: boolean, context: CommandContext): Promise<void> {
  const { io, paint, program, exit } = context;
  const { templates, findings } = checked(() => program.checkPrompts(directory));
  if (findings.length > 0) exit(EXIT.failures);
  if (json) {
    io.stdout.write(`${JSON.stringify({ templates, findings })}\n`);
    return;
  }
  if (findings.length === 0) {
    io.stdout.write(`${paint('green', 'ok')}  ${templates.join(', ')}\n`);
    return;
  }
  const columns = [{ title: 'template' }, { title: 'rule' }, { title: '' }];
  const rows = findings.map(({ template, rule, message }) => [template, rule, message]);
  io.stdout.write(renderTable(columns, rows, paint));
}

/** A file that is no template is the user's mistake; the error's own message names the file. */
function checked(run: () => PromptCheck): PromptCheck {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const [path = ''] = error.message.split(/: \d+ problem/);
    throw usageError(renderProblems(path, error.problems));
  }
}
