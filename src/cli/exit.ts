/**
 * Exit codes that scripts can rely on; `docs/cli.md` lists them.
 * `stopped` and `interrupted` runs of `assay label` go on where they stopped when started again.
 */
export const EXIT = {
  ok: 0,
  /** The command ran to its end, but something in what it looked at is not right: failed rows, an engine not ready. */
  failures: 1,
  /** Wrong arguments, configuration, credentials or files. */
  usage: 2,
  /** The gateway went away, or the disk is full. */
  stopped: 3,
  /** SIGINT or SIGTERM. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends the command with one message per line on stderr and an exit code; never with a stack trace. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

export function usageError(message: string): CommandError {
  return new CommandError(EXIT.usage, message);
}
