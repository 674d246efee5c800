import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { z } from 'zod';
import type { Program } from '../contracts/program.ts';
import { ERRORS, GatewayError } from '../domain/errors.ts';
import { addConfigCommand } from './commands/config.ts';
import { addDemoCommand } from './commands/demo.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addEvaluationCommands } from './commands/evaluation.ts';
import { addKeysCommand } from './commands/keys.ts';
import { addLabellingCommands } from './commands/labelling.ts';
import { addOperatingCommands } from './commands/operating.ts';
import { addServingCommands } from './commands/serving.ts';
import { addSimulateCommand } from './commands/simulate.ts';
import { createContext } from './context.ts';
import { CommandError, EXIT, type ExitCode } from './exit.ts';
import type { CliIo } from './io.ts';
import { createPaint, wantsColours } from './print/paint.ts';

/**
 * The `assay` command: reads arguments, shows what happens, says how it ended by its exit code.
 * It starts gateways only through `Program` and asks them only over HTTP, as any client does; it knows
 * nothing of judges, engines or the configuration's content. Errors are sentences, never stack traces.
 */
export type { CliIo } from './io.ts';

const DESCRIPTION = `The gateway for AI feedback: preference labels with their probabilities, their price and their history.

Start with "assay demo"; it needs no engine, no key and no file.`;

/** Runs one command; the promise gives the exit code and does not reject. */
export async function runCli(argv: readonly string[], io: CliIo, program: Program): Promise<number> {
  let code: ExitCode = EXIT.ok;
  const context = createContext(io, program, (wanted) => {
    code = wanted;
  });
  const root = createRoot(io);
  addDemoCommand(root, context);
  addLabellingCommands(root, context);
  addEvaluationCommands(root, context);
  addServingCommands(root, context);
  addDoctorCommand(root, context);
  addOperatingCommands(root, context);
  addConfigCommand(root, context);
  addKeysCommand(root, context);
  addSimulateCommand(root, context);
  try {
    await root.parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    return reportError(error, io);
  }
}

function createRoot(io: CliIo): Command {
  return new Command('assay')
    .description(DESCRIPTION)
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      getOutHelpWidth: () => io.stdout.columns ?? 100,
      getErrHelpWidth: () => io.stderr.columns ?? 100,
      getOutHasColors: () => wantsColours(io.stdout, io.env),
      getErrHasColors: () => wantsColours(io.stderr, io.env),
    })
    .configureHelp({ styleTitle: (text) => createPaint(io.stdout, io.env)('bold', text) })
    .showHelpAfterError('Run with --help to see what is allowed.');
}

function reportError(error: unknown, io: CliIo): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const { message, code } = describeError(error, io.env);
  const paint = createPaint(io.stderr, io.env);
  for (const line of message.split('\n')) io.stderr.write(`${paint('red', 'error:')} ${line}\n`);
  return code;
}

function describeError(
  error: unknown,
  env: CliIo['env'],
): { readonly message: string; readonly code: ExitCode } {
  if (error instanceof CommandError) return { message: error.message, code: error.exitCode };
  if (error instanceof GatewayError) {
    return { message: `${error.message}. ${ERRORS[error.code].advice}`, code: EXIT.stopped };
  }
  if (!(error instanceof Error)) return { message: String(error), code: EXIT.stopped };
  // ENOENT, EACCES, EADDRINUSE and the like name the file or address themselves.
  if ('syscall' in error) return { message: error.message, code: EXIT.usage };
  if (env['ASSAY_DEBUG']) return { message: error.stack ?? error.message, code: EXIT.stopped };
  const advice = 'This is a defect in Assay; ASSAY_DEBUG=1 shows where.';
  return { message: `${error.message}\n${advice}`, code: EXIT.stopped };
}

function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}
