import type { Command } from 'commander';
import { z } from 'zod';
import type { CommandContext } from '../context.ts';
import { usageError } from '../exit.ts';
import { number, readOptions } from '../options.ts';
import { atDesk, deskOptions, withDeskFlags } from '../teams/access.ts';
import type { Settings, TeamReply } from '../teams/desk.ts';
import { renderTeams } from '../teams/render.ts';

const HELP = `
Examples:
  assay teams list
  assay teams add reward-modelling --limit usdPerDay=40 --limit requestsPerMinute=600
  assay teams set reward-modelling --limit usdPerDay=60 --limit requestsPerMinute=none
  assay teams set reward-modelling --policies default,strict --share 2
  assay teams remove reward-modelling        its keys end with it

Limits have the names of the configuration file. Teams of the file are listed, and changed there alone.
`;

const words = z.string().transform((text) => text.split(',').filter((word) => word !== ''));
const settingsOptions = {
  limit: z.array(z.string()).default([]),
  share: number(0.01, 1000).optional(),
  policies: words.optional(),
  classes: words.optional(),
};
const listOptions = z.object(deskOptions);
const changeOptions = z.object({ ...deskOptions, ...settingsOptions });
type ChangeFlags = z.output<typeof changeOptions>;

export function addTeamsCommand(root: Command, context: CommandContext): void {
  const teams = root
    .command('teams')
    .description('show teams, make, change and remove those of the ledger')
    .addHelpText('after', HELP);
  withDeskFlags(teams.command('list').description('all teams, of the file and of the ledger')).action(
    (values: unknown) => list(readOptions(listOptions, values), context),
  );
  withSettings(teams.command('add').description('make a team')).action((name: string, values: unknown) =>
    add(name, readOptions(changeOptions, values), context),
  );
  withSettings(teams.command('set').description('change what is named of a team')).action(
    (name: string, values: unknown) => set(name, readOptions(changeOptions, values), context),
  );
  withDeskFlags(
    teams.command('remove').argument('<team>').description('remove a team, and revoke its keys'),
  ).action((name: string, values: unknown) => remove(name, readOptions(listOptions, values), context));
}

function withSettings(command: Command): Command {
  const collect = (text: string, before: readonly string[] = []): string[] => [...before, text];
  return withDeskFlags(command.argument('<team>'))
    .option(
      '--limit <name=most>',
      'a limit, such as usdPerDay=40; none takes it away; may be repeated',
      collect,
    )
    .option('--share <share>', 'its part of an engine relative to other teams')
    .option('--policies <names>', 'policies that it may use, such as default,strict; empty allows all')
    .option('--classes <names>', 'classes that its requests may name, such as trainer,batch');
}

async function list(flags: z.output<typeof listOptions>, context: CommandContext): Promise<void> {
  const teams = await atDesk(flags, context, (desk) => desk.teams());
  show(teams, flags.json, context);
}

async function add(name: string, flags: ChangeFlags, context: CommandContext): Promise<void> {
  const settings = settingsOf(flags, {});
  show(
    [await atDesk(flags, context, (desk) => desk.addTeam(name, withoutNulls(settings)))],
    flags.json,
    context,
  );
}

async function set(name: string, flags: ChangeFlags, context: CommandContext): Promise<void> {
  const team = await atDesk(flags, context, async (desk) => {
    // Limits that are not named stay.
    const { settings } = await desk.team(name);
    return desk.setTeam(name, settingsOf(flags, settings.limits));
  });
  show([team], flags.json, context);
}

async function remove(
  name: string,
  flags: z.output<typeof listOptions>,
  context: CommandContext,
): Promise<void> {
  const revoked = await atDesk(flags, context, (desk) => desk.removeTeam(name));
  const text = flags.json
    ? JSON.stringify({ name, revoked_keys: revoked })
    : `${context.paint('green', 'removed')}  ${name}, ${revoked} live keys with it`;
  context.io.stdout.write(`${text}\n`);
}

function show(teams: readonly TeamReply[], json: boolean, { io, paint }: CommandContext): void {
  io.stdout.write(json ? `${JSON.stringify(teams, null, 2)}\n` : renderTeams(teams, paint));
}

/** Null takes a setting back to its default. */
function settingsOf(
  { limit, share, policies, classes }: ChangeFlags,
  limits: Readonly<Record<string, number>>,
): Settings {
  return {
    ...(limit.length === 0 ? {} : { limits: limitsOf(limit, limits) }),
    ...(share === undefined ? {} : { share }),
    ...(policies === undefined ? {} : { policies: policies.length === 0 ? null : policies }),
    ...(classes === undefined ? {} : { classes }),
  };
}

function limitsOf(
  flags: readonly string[],
  before: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const limits = new Map(Object.entries(before));
  for (const flag of flags) {
    const [, name, most] = /^([a-zA-Z]+)=(none|[0-9.]+)$/.exec(flag) ?? [];
    if (name === undefined || most === undefined) {
      throw usageError(`--limit: "${flag}" is no limit; write one as usdPerDay=40, or usdPerDay=none`);
    }
    if (most === 'none') limits.delete(name);
    else limits.set(name, Number(most));
  }
  return Object.fromEntries(limits);
}

function withoutNulls(settings: Settings): Settings {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== null));
}
