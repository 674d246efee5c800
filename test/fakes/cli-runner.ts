import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { runCli } from '../../src/cli/cli.ts';
import type { Program } from '../../src/contracts/program.ts';

/** What a command wrote and how it ended. */
export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliRun {
  readonly result: Promise<CliResult>;
  /** As if the user pressed Ctrl-C. */
  interrupt(): void;
  /** Resolves when stderr or stdout holds this text. */
  untilShown(text: string): Promise<void>;
}

export interface CliWorld {
  readonly program?: Partial<Program>;
  readonly env?: Record<string, string>;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Runs the command line in this process, with a world of its own. */
export function startCli(argv: readonly string[], world: CliWorld = {}): CliRun {
  const texts = { stdout: '', stderr: '' };
  const interrupts = new Set<() => void>();
  const waiting: { text: string; resolve: () => void }[] = [];
  const output = (name: 'stdout' | 'stderr') => ({
    isTTY: world.isTTY,
    columns: world.columns,
    write(text: string): void {
      texts[name] += text;
      for (const { text: wanted, resolve } of waiting) if (texts[name].includes(wanted)) resolve();
    },
  });
  const io = {
    stdout: output('stdout'),
    stderr: output('stderr'),
    env: world.env ?? {},
    onInterrupt(callback: () => void) {
      interrupts.add(callback);
      return () => interrupts.delete(callback);
    },
  };
  const result = runCli(argv, io, { ...noProgram, ...world.program }).then((code) => ({ code, ...texts }));
  return {
    result,
    interrupt: () => {
      for (const callback of interrupts) callback();
    },
    untilShown: (text) =>
      new Promise((resolve) => {
        if (texts.stdout.includes(text) || texts.stderr.includes(text)) resolve();
        else waiting.push({ text, resolve });
      }),
  };
}

export function cli(argv: readonly string[], world: CliWorld = {}): Promise<CliResult> {
  return startCli(argv, world).result;
}

function unexpected(): never {
  throw new Error('this test does not provide that part of the program');
}

const noProgram: Program = {
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

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

/** A fresh folder with files in it; returns the paths by name. It goes when the test file is done. */
export function temporaryFolder(files: Record<string, string | Buffer> = {}): (name: string) => string {
  const folder = mkdtempSync(join(tmpdir(), 'assay-test-'));
  folders.push(folder);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return (name) => join(folder, name);
}

/** The rows of a JSONL file. */
export function readJsonLines(path: string): Record<string, unknown>[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  if (lines.pop() !== '') throw new Error(`${path} does not end with a newline`);
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

export function jsonLines(rows: readonly unknown[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}
