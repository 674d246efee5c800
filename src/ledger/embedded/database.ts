import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { Clock } from '../../contracts/clock.ts';
import type { Logger } from '../../contracts/telemetry.ts';
import { GatewayError } from '../../domain/errors.ts';
import { type ChildReport, childReportSchema } from './report.ts';

/**
 * Starts the embedded database as a child process, starts it again when it dies, and stops it. What is
 * committed survives a killed process, not a power cut: nothing here waits for the disk. The folder belongs
 * to one gateway at a time.
 */
export interface EmbeddedDatabase {
  /** Folder of the Unix socket, for `openStore`. */
  readonly socketFolder: string;
  /** Null while it is being started again. */
  pid(): number | null;
  /** Resolves when the process is gone and the folder is free. */
  stop(): Promise<void>;
}

export interface EmbeddedOptions {
  /** Made with mode 0700 where there is none. */
  readonly directory: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Silence after which its process counts as stuck, in milliseconds; 30,000 unless told. */
  readonly stuckAfterMs?: number;
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** The first start makes the cluster: some seconds, more on a busy machine. */
const START_MS = 60_000;
/** Pause before a new start after a death, doubled up to the largest. */
const FIRST_PAUSE_MS = 100;
const LARGEST_PAUSE_MS = 5_000;
/** Time for a clean end; then it is killed. */
const STOP_MS = 10_000;
/** Longer than any statement; what blocks the process for longer blocks it for ever, as a full disk can. */
const STUCK_MS = 30_000;
/** Looks at a silent process before it is killed: a gateway that stood still itself has only been late for one. */
const LOOKS = 6;
/** Of what the process wrote to its error stream, the end. */
const KEPT_CHARACTERS = 2_000;

/** Throws `storage_unavailable` with the reason when the first start fails. */
export async function startEmbeddedDatabase(options: EmbeddedOptions): Promise<EmbeddedDatabase> {
  // Not beside the data: the path of a socket may have 107 characters at most.
  const socketFolder = mkdtempSync(join(tmpdir(), 'assay-db-'));
  try {
    const supervisor = new Supervisor(options, socketFolder);
    await supervisor.start();
    return supervisor;
  } catch (error) {
    rmSync(socketFolder, { recursive: true, force: true });
    throw error;
  }
}

class Supervisor implements EmbeddedDatabase {
  readonly socketFolder: string;
  readonly #options: EmbeddedOptions;
  #child: Child | null = null;
  #isReady = false;
  #ended: Promise<void> = Promise.resolve();
  #isStopping = false;
  #pauseMs = FIRST_PAUSE_MS;
  #cancelPause: () => void = () => undefined;

  constructor(options: EmbeddedOptions, socketFolder: string) {
    this.#options = options;
    this.socketFolder = socketFolder;
  }

  pid(): number | null {
    return this.#isReady ? (this.#child?.pid ?? null) : null;
  }

  async start(): Promise<void> {
    const child = this.#spawn();
    this.#child = child;
    const stderr = tailOf(child.stderr);
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
    this.#ended = ended;
    const report = await this.#reportOf(child, ended);
    if (report.type === 'failed') {
      child.kill('SIGKILL');
      await ended;
      throw new GatewayError('storage_unavailable', `the embedded database did not start: ${report.message}`);
    }
    this.#isReady = true;
    this.#pauseMs = FIRST_PAUSE_MS;
    const stopWatching = this.#watch(child);
    void ended.then(() => {
      stopWatching();
      this.#died(child, stderr());
    });
  }

  /** Kills a process from which nothing is heard: it would neither answer nor end. */
  #watch(child: Child): () => void {
    const { clock, logger, stuckAfterMs = STUCK_MS } = this.#options;
    let silentLooks = 0;
    let cancel = (): void => undefined;
    const heard = (): void => {
      silentLooks = 0;
    };
    const look = (): void => {
      silentLooks += 1;
      if (silentLooks <= LOOKS) {
        cancel = clock.after(stuckAfterMs / LOOKS, look);
        return;
      }
      logger.error({ pid: child.pid }, 'the embedded database is stuck: killing it');
      child.kill('SIGKILL');
    };
    child.stdout.on('data', heard);
    look();
    return () => cancel();
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#cancelPause();
    const child = this.#child;
    child?.stdin.end();
    const cancel = this.#options.clock.after(STOP_MS, () => child?.kill('SIGKILL'));
    await this.#ended;
    cancel();
    rmSync(this.socketFolder, { recursive: true, force: true });
  }

  #spawn(): Child {
    const { directory } = this.#options;
    const socket = join(this.socketFolder, '.s.PGSQL.5432');
    rmSync(socket, { force: true });
    const arguments_ = [...NODE_OPTIONS, join(import.meta.dirname, 'child.ts'), directory, socket];
    const child = spawn(process.execPath, arguments_, { stdio: ['pipe', 'pipe', 'pipe'], env: {} });
    // Its end is told by `close`; a pipe that broke before says nothing new.
    child.stdin.on('error', () => undefined);
    return child;
  }

  /** The first line, or why there is none. */
  async #reportOf(child: Child, ended: Promise<void>): Promise<ChildReport> {
    const lines = createInterface({ input: child.stdout });
    const first = new Promise<ChildReport>((resolve) => {
      lines.once('line', (line) => resolve(childReportSchema.parse(JSON.parse(line))));
      child.once('error', ({ message }) => resolve({ type: 'failed', message }));
      void ended.then(() => resolve({ type: 'failed', message: 'its process ended' }));
    });
    let cancel = (): void => undefined;
    const late = new Promise<ChildReport>((resolve) => {
      const message = `it was not ready within ${START_MS / 1_000} s`;
      cancel = this.#options.clock.after(START_MS, () => resolve({ type: 'failed', message }));
    });
    try {
      return await Promise.race([first, late]);
    } finally {
      cancel();
    }
  }

  #died(child: Child, stderr: string): void {
    this.#isReady = false;
    if (this.#isStopping) return;
    const { exitCode, signalCode } = child;
    this.#options.logger.error(
      { exitCode, signalCode, stderr },
      'the embedded database died: starting it again',
    );
    this.#restartLater();
  }

  #restartLater(): void {
    this.#cancelPause = this.#options.clock.after(this.#pauseMs, () => {
      this.#pauseMs = Math.min(LARGEST_PAUSE_MS, 2 * this.#pauseMs);
      this.start().then(
        () => this.#options.logger.info({ pid: this.pid() }, 'the embedded database is back'),
        (error: unknown) => {
          if (this.#isStopping) return;
          this.#options.logger.error({ err: error }, 'the embedded database did not start again: trying on');
          this.#restartLater();
        },
      );
    });
  }
}

/** WebAssembly in its quick form: a start in half the time and 70 MB less, at the same speed for small statements. */
const NODE_OPTIONS = ['--liftoff-only', '--wasm-lazy-compilation'];

/** Reads the stream to its end and keeps the last characters. */
function tailOf(stream: Readable): () => string {
  let kept = '';
  stream.setEncoding('utf8').on('data', (text: string) => {
    kept = (kept + text).slice(-KEPT_CHARACTERS);
  });
  return () => kept;
}
