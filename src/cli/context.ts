import type { Program } from '../contracts/program.ts';
import type { ExitCode } from './exit.ts';
import type { CliIo } from './io.ts';
import { createPaint, type Paint } from './print/paint.ts';

/** What every command gets. */
export interface CommandContext {
  readonly io: CliIo;
  readonly program: Program;
  /** Paints what goes to stdout. */
  readonly paint: Paint;
  /** Sets the exit code; 0 when never called. */
  exit(code: ExitCode): void;
}

export function createContext(io: CliIo, program: Program, exit: (code: ExitCode) => void): CommandContext {
  return { io, program, paint: createPaint(io.stdout, io.env), exit };
}
