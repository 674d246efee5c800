import type { Command } from 'commander';
import { z } from 'zod';
import { adminOptions, askAdmin } from '../admin-client.ts';
import type { CommandContext } from '../context.ts';
import { usageError } from '../exit.ts';
import { readOptions } from '../options.ts';
import { renderTable } from '../print/table.ts';

const statsOptions = z.object(adminOptions);
const invalidateOptions = z.object({
  ...adminOptions,
  judge: z.string().min(1).optional(),
  rubric: z.string().min(1).optional(),
  policy: z.string().min(1).optional(),
  team: z.string().min(1).optional(),
  yes: z.boolean().default(false),
});

const HELP = `
Examples:
  assay cache stats                                   what the gateway keeps, and how Redis does
  assay cache invalidate --judge quick                how many labels the judge had a part in
  assay cache invalidate --judge quick --yes          forget them, here and in Redis
  assay cache invalidate --rubric harmless@1 --team rm --yes

Asks the admin API of a running gateway (section "admin" of its configuration). The key can also be given as
ASSAY_ADMIN_KEY, which other users of the machine do not see.
`;

export function addCacheCommand(root: Command, context: CommandContext): void {
  const cache = root
    .command('cache')
    .description('show the label cache of a running gateway, or forget labels of it')
    .addHelpText('after', HELP);
  withAdminFlags(cache.command('stats').description('what is kept')).action((values: unknown) =>
    stats(readOptions(statsOptions, values), context),
  );
  withAdminFlags(cache.command('invalidate').description('forget labels that fit all that is named'))
    .option('--judge <judge>', 'that a judge had a part in, by its name or its key (jdg_…)')
    .option('--rubric <rubric>', 'by this rubric, such as harmless@1')
    .option('--policy <policy>', 'bought by this policy')
    .option('--team <team>', 'of this team')
    .option('--yes', 'do it; without it, only their number is told')
    .action((values: unknown) => invalidate(readOptions(invalidateOptions, values), context));
}

function withAdminFlags(command: Command): Command {
  return command
    .option('--url <address>', 'address of the admin API', 'http://127.0.0.1:8081')
    .option('--key <key>', 'admin key')
    .option('--json', 'print JSON');
}

const statsSchema = z.object({
  memory: z.object({
    entries: z.number(),
    bytes: z.number(),
    most_bytes: z.number(),
    evicted: z.number(),
  }),
  redis: z
    .object({
      state: z.string(),
      hits: z.number(),
      misses: z.number(),
      away: z.number(),
      refused: z.number(),
      unreadable: z.number(),
    })
    .nullable(),
  rechecks: z.object({
    checked: z.number(),
    disagreed: z.number(),
    undecided: z.number(),
    judges_dropped: z.number(),
  }),
  semantic: z.object({
    entries: z.number(),
    bytes: z.number(),
    most_bytes: z.number(),
    found: z.number(),
    given: z.number(),
    compared: z.number(),
    differed: z.number(),
  }),
});

async function stats(flags: z.output<typeof statsOptions>, context: CommandContext): Promise<void> {
  const told = statsSchema.parse(await askAdmin('GET', '/admin/cache', flags, context));
  const { memory, redis, rechecks, semantic } = told;
  const rows = [
    [
      'memory',
      `${memory.entries} labels, ${megabytes(memory.bytes)} of ${megabytes(memory.most_bytes)} MB; ${memory.evicted} had to go for others`,
    ],
    [
      'Redis',
      redis === null
        ? 'none'
        : `${redis.state}; ${redis.hits} hits, ${redis.misses} misses, ${redis.away} unanswered, ${redis.refused} refused, ${redis.unreadable} unreadable`,
    ],
    [
      'rechecks',
      `${rechecks.checked}, of them ${rechecks.disagreed} unconfirmed; ${rechecks.undecided} undecided; judges dropped ${rechecks.judges_dropped} times`,
    ],
    [
      'semantic',
      `${semantic.entries} labels, ${megabytes(semantic.bytes)} of ${megabytes(semantic.most_bytes)} MB; ${semantic.found} items had a similar one, ${semantic.given} got its label, ${semantic.compared} were judged anew, ${semantic.differed} of them otherwise`,
    ],
  ];
  const text = flags.json
    ? `${JSON.stringify(told, null, 2)}\n`
    : renderTable([{ title: 'store' }, { title: 'state' }], rows, context.paint);
  context.io.stdout.write(text);
}

function megabytes(bytes: number): string {
  return (bytes / 1_048_576).toFixed(1);
}

const sweptSchema = z.object({ dry_run: z.boolean(), memory: z.number(), redis: z.number().nullable() });

async function invalidate(
  { url, key, json, yes, ...filter }: z.output<typeof invalidateOptions>,
  { io }: CommandContext,
): Promise<void> {
  if (Object.values(filter).every((value) => value === undefined)) {
    throw usageError(
      'name a judge, a rubric, a policy or a team: labels that fit all that is named are meant',
    );
  }
  const body = { ...filter, dry_run: !yes };
  const swept = sweptSchema.parse(
    await askAdmin('POST', '/admin/cache/invalidate', { url, key }, { io, body }),
  );
  const redis = swept.redis === null ? 'none in Redis, or it did not answer' : `${swept.redis} in Redis`;
  const labels = `${swept.memory} in this gateway's memory, ${redis}`;
  if (json) io.stdout.write(`${JSON.stringify(swept)}\n`);
  else if (swept.dry_run) io.stdout.write(`would forget labels: ${labels}; --yes does it\n`);
  else io.stdout.write(`forgot labels: ${labels}\n`);
}
