import type { Command } from 'commander';
import { z } from 'zod';
import type { CommandContext } from '../context.ts';
import { readOptions, wholeNumber } from '../options.ts';
import { atDesk, deskOptions, withDeskFlags } from '../teams/access.ts';
import { renderEvents } from '../teams/render.ts';

const optionsSchema = z.object({
  ...deskOptions,
  limit: wholeNumber(1, 1000).default(50),
  before: wholeNumber(1, Number.MAX_SAFE_INTEGER).optional(),
});

export function addAuditCommand(root: Command, context: CommandContext): void {
  const command = root.command('audit').description('what operators did, the newest first');
  withDeskFlags(command)
    .option('--limit <count>', 'how many, 1 to 1000 (default: 50)')
    .option('--before <no.>', 'only acts before this one')
    .action((values: unknown) => audit(readOptions(optionsSchema, values), context));
}

async function audit(flags: z.output<typeof optionsSchema>, context: CommandContext): Promise<void> {
  const { limit, before = null, json } = flags;
  const events = await atDesk(flags, context, (desk) => desk.events({ limit, before }));
  context.io.stdout.write(
    json ? `${JSON.stringify(events, null, 2)}\n` : renderEvents(events, context.paint),
  );
}
