import { createHash, randomInt } from 'node:crypto';
import type { Command } from 'commander';
import { z } from 'zod';
import type { CommandContext } from '../context.ts';
import { readOptions } from '../options.ts';

/** As the configuration wants it. */
const teamName = /^[a-z0-9][a-z0-9-]{0,62}$/;
const optionsSchema = z.object({
  team: z.string().regex(teamName, 'must be of lower-case letters, digits and hyphens, at most 63'),
});

export function addKeysCommand(root: Command, { io, paint }: CommandContext): void {
  const keys = root.command('keys').description('make API keys');
  keys
    .command('new')
    .description('make an API key for a team; it is shown once, the configuration holds only its hash')
    .requiredOption('--team <name>', 'team that the key belongs to')
    .addHelpText('after', '\nExample:\n  assay keys new --team reward-modelling\n')
    .action((values: unknown) => {
      const { team } = readOptions(optionsSchema, values);
      const { id, key, sha256 } = createKey();
      io.stdout.write(`${paint('bold', key)}\n\n`);
      io.stdout.write(`${paint('dim', '# The key is not kept anywhere. For the configuration:')}\n`);
      io.stdout.write(`teams:\n  ${team}:\n    keys:\n      - {id: ${id}, sha256: "${sha256}"}\n`);
    });
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const DIGITS = '0123456789';
/** 43 characters of 62 are 256 bits. */
const SECRET_LENGTH = 43;
const ID_LENGTH = 8;

function createKey(): { readonly id: string; readonly key: string; readonly sha256: string } {
  // A letter first, so that YAML never reads the id as a number.
  const id = randomText(LETTERS, 1) + randomText(LETTERS + DIGITS, ID_LENGTH - 1);
  const secret = randomText(LETTERS + LETTERS.toUpperCase() + DIGITS, SECRET_LENGTH);
  const key = `assay_${id}_${secret}`;
  return { id, key, sha256: createHash('sha256').update(key).digest('hex') };
}

function randomText(alphabet: string, length: number): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('');
}
