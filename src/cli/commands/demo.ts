import { relative } from 'node:path';
import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { runDemo } from '../demo/demo.ts';
import { SHIPPED_PAIRS } from '../demo/pairs.ts';
import { renderDemo } from '../demo/render.ts';

export function addDemoCommand(root: Command, context: CommandContext): void {
  root
    .command('demo')
    .description('judge the example pairs with two simulated engines; leaves nothing behind')
    .action(async () => {
      const { io, paint } = context;
      const report = await runDemo(context);
      const command = io.env['npm_lifecycle_event'] === undefined ? 'assay' : 'npm run -s assay --';
      const fromHere = relative('', SHIPPED_PAIRS);
      const pairs = fromHere.startsWith('..') ? SHIPPED_PAIRS : fromHere;
      const place = { command, pairs, columns: io.stdout.columns ?? 100 };
      io.stdout.write(renderDemo(report, place, paint));
    });
}
