import { runCli } from '../../src/cli/cli.ts';
import type { Program } from '../../src/contracts/program.ts';

/** The command line as a process of its own, to be killed; it can only talk to a gateway by URL. */
function unexpected(): never {
  throw new Error('this process has no program');
}

const program: Program = {
  serve: unexpected,
  simulate: unexpected,
  checkConfig: unexpected,
  printConfig: unexpected,
  migrate: unexpected,
  openTeams: unexpected,
  configSchema: unexpected,
  doctor: unexpected,
  checkPrompts: unexpected,
  openPlan: unexpected,
  compareJudges: unexpected,
  reportBias: unexpected,
  benchPrompts: unexpected,
  evaluate: unexpected,
  attackItems: unexpected,
  reportInjections: unexpected,
  calibrate: unexpected,
  calibrateStrata: unexpected,
  calibrateObservations: unexpected,
  replaySimilar: unexpected,
  playCascade: unexpected,
};

process.exitCode = await runCli(
  process.argv.slice(2),
  {
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    onInterrupt(callback) {
      process.on('SIGINT', callback);
      return () => process.off('SIGINT', callback);
    },
  },
  program,
);
