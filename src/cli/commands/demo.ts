import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { runDemo } from '../demo/demo.ts';
import { renderDemo } from '../demo/render.ts';

export function addDemoCommand(root: Command, context: CommandContext): void {
  root
    .command('demo')
    .description('judge the example pairs with two simulated engines; leaves nothing behind')
    .action(async () => {
      const { io, paint } = context;
      io.stdout.write(renderDemo(await runDemo(context), paint, io.stdout.columns ?? 100));
    });
}
