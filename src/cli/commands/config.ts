import type { Command } from 'commander';
import { renderProblems, withConfig } from '../config-problems.ts';
import type { CommandContext } from '../context.ts';
import { usageError } from '../exit.ts';

export function addConfigCommand(root: Command, { io, program, paint }: CommandContext): void {
  const config = root.command('config').description('check, print or describe a configuration file');
  config
    .command('check')
    .argument('<file>', 'configuration file (YAML)')
    .description('name all problems of a configuration file, each with its line')
    .action(async (file: string) => {
      const check = await program.checkConfig(file);
      if (!check.ok) throw usageError(renderProblems(file, check.problems));
      io.stdout.write(`${paint('green', 'ok')}  ${file}: ${check.summary}\n`);
    });
  config
    .command('print')
    .argument('<file>', 'configuration file (YAML)')
    .description('print what is in force, with all defaults; secrets are masked')
    .action(async (file: string) => {
      const text = await withConfig(file, () => program.printConfig(file));
      io.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
    });
  config
    .command('schema')
    .description('print the JSON Schema of the configuration file, for editors and other tools')
    .action(() => {
      io.stdout.write(`${JSON.stringify(program.configSchema(), null, 2)}\n`);
    });
}
