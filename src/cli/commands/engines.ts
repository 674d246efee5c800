import type { Command } from 'commander';
import { z } from 'zod';
import { adminOptions, askAdmin } from '../admin-client.ts';
import type { CommandContext } from '../context.ts';
import { usageError } from '../exit.ts';
import { readOptions } from '../options.ts';
import type { Paint } from '../print/paint.ts';
import { type Column, renderTable } from '../print/table.ts';
import { queueSchema, renderQueue } from './engine-queue.ts';
import { renderTokens, tokensSchema } from './engine-tokens.ts';

const optionsSchema = z.object({ ...adminOptions, tokens: z.boolean().default(false) });
type EnginesFlags = z.output<typeof optionsSchema>;

const HELP = `
Examples:
  assay engines                        all engines with their replicas
  assay engines --tokens               tokens of this gateway's calls beside the engines' own counters
  assay engines drain small-vllm/0     no new calls for this replica; those under way end
  assay engines undrain small-vllm/0

Asks the admin API of a running gateway (section "admin" of its configuration). The key can also be given as
ASSAY_ADMIN_KEY, which other users of the machine do not see.
`;

export function addEnginesCommand(root: Command, context: CommandContext): void {
  root
    .command('engines')
    .description('show the engines of a running gateway, or drain a replica')
    .argument('[action]', 'drain or undrain')
    .argument('[replica]', 'name of a replica, such as small-vllm/0')
    .option('--url <address>', 'address of the admin API', 'http://127.0.0.1:8081')
    .option('--key <key>', 'admin key')
    .option('--tokens', 'compare counts of tokens with those of the engines')
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action(async (action: unknown, replica: unknown, values: unknown) => {
      const flags = readOptions(optionsSchema, values);
      if (action !== undefined) await act(actionOf(action), replica, flags, context);
      await (flags.tokens ? showTokens(flags, context) : show(flags, context));
    });
}

function actionOf(action: unknown): 'drain' | 'undrain' {
  if (action === 'drain' || action === 'undrain') return action;
  throw usageError(`"${String(action)}" is no action; there are drain and undrain`);
}

const replicaName = /^([a-z0-9-]+)\/([a-z0-9.-]+)$/;

async function act(
  action: 'drain' | 'undrain',
  replica: unknown,
  flags: EnginesFlags,
  context: CommandContext,
): Promise<void> {
  const [, engine, name] = replicaName.exec(String(replica)) ?? [];
  if (engine === undefined || name === undefined) {
    throw usageError(`${action} needs the name of a replica, such as small-vllm/0`);
  }
  await askAdmin('POST', `/admin/engines/${engine}/replicas/${name}/${action}`, flags, context);
}

async function show(flags: EnginesFlags, context: CommandContext): Promise<void> {
  const engines = listSchema.parse(await askAdmin('GET', '/admin/engines', flags, context)).data;
  const text = flags.json ? `${JSON.stringify(engines, null, 2)}\n` : render(engines, context.paint);
  context.io.stdout.write(text);
}

async function showTokens(flags: EnginesFlags, context: CommandContext): Promise<void> {
  const rows = tokensSchema.parse(await askAdmin('GET', '/admin/engines/tokens', flags, context)).data;
  const text = flags.json ? `${JSON.stringify(rows, null, 2)}\n` : renderTokens(rows, context.paint);
  context.io.stdout.write(text);
}

const replicaSchema = z.object({
  name: z.string(),
  url: z.string(),
  ready: z.boolean(),
  reason: z.string().nullable(),
  inFlight: z.number(),
  limit: z.number(),
  draining: z.boolean(),
  drained: z.boolean(),
  breaker: z.string(),
  load: z
    .object({
      load: z.object({ running: z.number(), waiting: z.number(), cacheUse: z.number().nullable() }),
      ageMs: z.number(),
    })
    .nullable(),
});
type ReplicaRow = z.output<typeof replicaSchema>;

const engineSchema = z.object({
  engine: z.string(),
  kind: z.string(),
  model: z.string(),
  replicas: z.array(replicaSchema),
  queue: queueSchema,
});
const listSchema = z.object({ data: z.array(engineSchema) });

const COLUMNS: readonly Column[] = [
  { title: 'replica' },
  { title: 'state' },
  { title: 'in flight', align: 'right' },
  { title: 'limit', align: 'right' },
  { title: 'breaker' },
  { title: 'engine runs', align: 'right' },
  { title: 'waits', align: 'right' },
  { title: 'cache', align: 'right' },
  { title: 'address' },
];

function render(engines: readonly z.output<typeof engineSchema>[], paint: Paint): string {
  return engines
    .map(
      ({ engine, kind, model, replicas, queue }) =>
        `${paint('bold', engine)}  ${kind}, model ${model}\n` +
        renderTable(
          COLUMNS,
          replicas.map((replica) => cells(replica, paint)),
          paint,
        ) +
        renderQueue(queue, paint),
    )
    .join('\n');
}

function cells(replica: ReplicaRow, paint: Paint): string[] {
  const { name, inFlight, limit, breaker, load, url } = replica;
  const told = load?.load;
  return [
    name,
    stateOf(replica, paint),
    String(inFlight),
    String(limit),
    breaker === 'closed' ? breaker : paint('red', breaker),
    told === undefined ? '–' : String(told.running),
    told === undefined ? '–' : String(told.waiting),
    told === undefined || told.cacheUse === null ? '–' : `${Math.round(told.cacheUse * 100)} %`,
    url,
  ];
}

function stateOf({ ready, draining, drained, reason }: ReplicaRow, paint: Paint): string {
  if (drained) return paint('yellow', 'drained');
  if (draining) return paint('yellow', 'draining');
  return ready ? paint('green', 'ready') : paint('red', reason ?? 'not ready');
}
