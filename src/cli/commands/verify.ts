import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { z } from 'zod';
import type { CommandContext } from '../context.ts';
import { EXIT, usageError } from '../exit.ts';
import { checkManifest, type ManifestCheck, readPublicKey } from '../export/manifest.ts';
import { readOptions } from '../options.ts';

const optionsSchema = z.object({
  publicKey: z.string().min(1, 'is empty').optional(),
  json: z.boolean().default(false),
});

const HELP = `
Checks the files that stand beside the manifest against their SHA-256, and its signature. Without --public-key it
can only say that the key in the manifest signed it, not whose key that is.

Exit codes:
  0 all as it was   1 something changed, is missing or was signed by another   2 wrong arguments or files
`;

export function addVerifyCommand(root: Command, context: CommandContext): void {
  root
    .command('verify')
    .description('check the files and the signature of an export')
    .argument('<manifest>', 'the ….manifest.json of an export')
    .option('--public-key <file>', 'the Ed25519 key (PEM) that should have signed it')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', HELP)
    .action(async (manifest: string, values: unknown) => {
      await runVerify(manifest, readOptions(optionsSchema, values), context);
    });
}

async function runVerify(
  manifest: string,
  { publicKey, json }: z.output<typeof optionsSchema>,
  { io, exit }: CommandContext,
): Promise<void> {
  if (!existsSync(manifest)) throw usageError(`${manifest}: there is no such file`);
  const expected = publicKey === undefined ? null : readPublicKey(publicKey);
  const check = await checkManifest(manifest, expected);
  io.stdout.write(json ? `${JSON.stringify(check)}\n` : rendered(check));
  const isSigned = check.signature === 'valid' || (check.signature === 'none' && expected === null);
  const isWhole = check.files.every(({ state }) => state === 'same');
  exit(isSigned && isWhole ? EXIT.ok : EXIT.failures);
}

function rendered({ files, signature, signedBy }: ManifestCheck): string {
  const lines = files.map(({ name, state }) => `  ${state.padEnd(8)}${name}`);
  const by = signedBy === null ? '' : ` (key ${signedBy})`;
  return `${lines.join('\n')}\n  signature: ${signature}${by}\n`;
}
