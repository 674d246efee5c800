import { randomInt } from 'node:crypto';
import type { Command } from 'commander';
import { z } from 'zod';
import { keyHashOf, keyOf } from '../../domain/api-key.ts';
import type { CommandContext } from '../context.ts';
import { readOptions } from '../options.ts';
import { atDesk, type DeskFlags, deskOptions, withDeskFlags } from '../teams/access.ts';
import type { IssuedReply } from '../teams/desk.ts';
import { renderKeys } from '../teams/render.ts';

const HELP = `
Examples:
  assay keys new --team reward-modelling                     for the configuration file; asks no gateway
  assay keys new --team reward-modelling --url http://127.0.0.1:8081 --expires-in 90d
  assay keys new --team operators --scopes admin --config assay.yaml   the first admin key
  assay keys list --team reward-modelling
  assay keys rotate k7f3a2b1 --team reward-modelling --overlap 24h     a new one; the old one ends in a day
  assay keys revoke k7f3a2b1 --team reward-modelling                   within 5 s, at every gateway
`;

/** As the configuration wants it. */
const teamName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be of lower-case letters, digits and hyphens, at most 63');

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;
/** Such as 90d, in seconds. */
const duration = z
  .string()
  .regex(/^[0-9]{1,9}[smhd]$/, 'is no time such as 30m, 24h or 90d')
  .transform((text) => {
    const unit = z.enum(['s', 'm', 'h', 'd']).parse(text.at(-1));
    return Number(text.slice(0, -1)) * SECONDS[unit];
  });

const teamOptions = z.object({ ...deskOptions, team: teamName });
const newOptions = z.object({
  ...teamOptions.shape,
  url: deskOptions.url.unwrap().optional(),
  label: z.string().optional(),
  scopes: z
    .string()
    .transform((text) => text.split(','))
    .optional(),
  expiresIn: duration.optional(),
});
const rotateOptions = z.object({ ...teamOptions.shape, overlap: duration.default(86_400) });

export function addKeysCommand(root: Command, context: CommandContext): void {
  const keys = root
    .command('keys')
    .description('make, list, rotate and revoke API keys')
    .addHelpText('after', HELP);
  const ofTeam = (name: string, what: string): Command =>
    withDeskFlags(
      keys.command(name).description(what).requiredOption('--team <name>', 'team that the key belongs to'),
    );
  ofTeam('new', 'make an API key; it is shown once, only its hash is kept')
    .option('--label <label>', 'what it is for; two live keys of a team may have the same (default: default)')
    .option('--scopes <scopes>', 'what it allows, of submit, read, admin (default: submit,read)')
    .option('--expires-in <time>', 'when it ends, such as 90d; without it, never')
    .action((values: unknown) => make(readOptions(newOptions, values), context));
  ofTeam('list', 'keys of a team in the ledger, the newest first').action((values: unknown) =>
    list(readOptions(teamOptions, values), context),
  );
  ofTeam('rotate', 'make a key like this one, which ends after an overlap')
    .argument('<key>', 'id of the key')
    .option('--overlap <time>', 'how long the old key goes on, such as 24h or 0s (default: 24h)')
    .action((id: string, values: unknown) => rotate(id, readOptions(rotateOptions, values), context));
  ofTeam('revoke', 'end a key now')
    .argument('<key>', 'id of the key')
    .action((id: string, values: unknown) => revoke(id, readOptions(teamOptions, values), context));
}

async function make(
  { team, label, scopes, expiresIn, url, ...flags }: z.output<typeof newOptions>,
  context: CommandContext,
): Promise<void> {
  if (url === undefined && flags.config === undefined) {
    forTheFile(team, context);
    return;
  }
  const body = {
    ...(label === undefined ? {} : { label }),
    ...(scopes === undefined ? {} : { scopes }),
    ...(expiresIn === undefined ? {} : { expires_in_seconds: expiresIn }),
  };
  const access: DeskFlags = { ...flags, url: url ?? '' };
  const issued = await atDesk(access, context, (desk) => desk.addKey(team, body));
  showIssued(issued, flags.json, context);
}

async function rotate(
  id: string,
  { team, overlap, ...flags }: z.output<typeof rotateOptions>,
  context: CommandContext,
): Promise<void> {
  const body = { overlap_seconds: overlap };
  const issued = await atDesk(flags, context, (desk) => desk.rotateKey(team, id, body));
  showIssued(issued, flags.json, context);
}

async function list(
  { team, ...flags }: z.output<typeof teamOptions>,
  context: CommandContext,
): Promise<void> {
  const keys = await atDesk(flags, context, (desk) => desk.keys(team));
  const { io, paint } = context;
  io.stdout.write(flags.json ? `${JSON.stringify(keys, null, 2)}\n` : renderKeys(keys, Date.now(), paint));
}

async function revoke(
  id: string,
  { team, ...flags }: z.output<typeof teamOptions>,
  context: CommandContext,
): Promise<void> {
  const key = await atDesk(flags, context, (desk) => desk.revokeKey(team, id));
  const { io, paint } = context;
  io.stdout.write(
    flags.json ? `${JSON.stringify(key)}\n` : `${paint('green', 'revoked')}  ${key.id} of ${key.team}\n`,
  );
}

function showIssued(issued: IssuedReply, json: boolean, { io, paint }: CommandContext): void {
  if (json) {
    io.stdout.write(`${JSON.stringify(issued)}\n`);
    return;
  }
  io.stdout.write(`${paint('bold', issued.key)}\n\n`);
  io.stdout.write(`${paint('dim', '# The key is not kept anywhere, and not shown again.')}\n`);
  io.stdout.write(renderKeys([issued], Date.now(), paint));
}

function forTheFile(team: string, { io, paint }: CommandContext): void {
  const { id, key, sha256 } = createKey();
  io.stdout.write(`${paint('bold', key)}\n\n`);
  io.stdout.write(`${paint('dim', '# The key is not kept anywhere. For the configuration:')}\n`);
  io.stdout.write(`teams:\n  ${team}:\n    keys:\n      - {id: ${id}, sha256: "${sha256}"}\n`);
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const DIGITS = '0123456789';
/** 43 characters of 62 are 256 bits. */
const SECRET_LENGTH = 43;
const ID_LENGTH = 8;

function createKey(): { readonly id: string; readonly key: string; readonly sha256: string } {
  // A letter first, so that YAML never reads the id as a number.
  const id = randomText(LETTERS, 1) + randomText(LETTERS + DIGITS, ID_LENGTH - 1);
  const key = keyOf(id, randomText(LETTERS + LETTERS.toUpperCase() + DIGITS, SECRET_LENGTH));
  return { id, key, sha256: keyHashOf(key) };
}

function randomText(alphabet: string, length: number): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('');
}
