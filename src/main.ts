import { runCli } from './cli/cli.ts';
import { createProgram } from './compose.ts';

/**
 * The process: argv, environment, signals, exit code. The only reader of `process.env`; no logic.
 */
const interrupts = new Set<() => void>();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // Nobody listens yet (or any more): the default is right.
    if (interrupts.size === 0) process.exit(signal === 'SIGINT' ? 130 : 143);
    for (const callback of interrupts) callback();
  });
}

const reloads = new Set<() => void>();
process.on('SIGHUP', () => {
  // Whoever closes the terminal of a command that reloads nothing wants it to end.
  if (reloads.size === 0) process.exit(129);
  for (const callback of reloads) callback();
});

const code = await runCli(
  process.argv.slice(2),
  {
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    onInterrupt(callback) {
      interrupts.add(callback);
      return () => interrupts.delete(callback);
    },
    onReload(callback) {
      reloads.add(callback);
      return () => reloads.delete(callback);
    },
  },
  createProgram(process.env),
);
process.exit(code);
