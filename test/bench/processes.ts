import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { LoadOrder, LoadReport } from './load.ts';

/** The processes of the bench. Each is closed by whoever started it. */
export interface Served extends AsyncDisposable {
  readonly pid: number;
  readonly port: number;
}

const STOP_MS = 5000;

/** Starts a server of this folder, which tells its port by IPC and ends when the channel closes. */
export async function startServer(file: string, args: readonly string[] = []): Promise<Served> {
  const child = fork(join(import.meta.dirname, file), args);
  const [port] = z
    .tuple([z.int()])
    .rest(z.unknown())
    .parse(await once(child, 'message'));
  return { pid: pidOf(child), port, [Symbol.asyncDispose]: () => stop(child) };
}

export interface Load extends AsyncDisposable {
  run(order: LoadOrder): Promise<LoadReport>;
}

/** Starts the load generator; one order at a time. */
export function startLoad(): Load {
  const child = fork(join(import.meta.dirname, 'load.ts'));
  return {
    async run(order) {
      const ended = new AbortController();
      const report = once(child, 'message', { signal: ended.signal });
      const death = once(child, 'exit', { signal: ended.signal }).then(() => {
        throw new Error('the load generator died');
      });
      child.send(order);
      try {
        // `load.ts` answers each order with one report and sends nothing else.
        const [message] = (await Promise.race([report, death])) as [LoadReport];
        return message;
      } finally {
        ended.abort();
        await Promise.allSettled([report, death]);
      }
    },
    [Symbol.asyncDispose]: () => stop(child),
  };
}

export interface GatewayOptions {
  readonly config: string;
  readonly port: number;
  /** File for what it logs. */
  readonly log: string;
  /** Folder for a CPU profile of the gateway; null for none. */
  readonly profile: string | null;
}

const READY_MS = 20_000;

/**
 * Starts the real gateway and waits until its engines are ready. Flags given to Node for the bench are
 * passed on, to this process as to the others: all of them run under the same conditions.
 */
export async function startGateway(options: GatewayOptions): Promise<Served> {
  const { environment, words } = startScript();
  const profiling = options.profile === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${options.profile}`];
  // The log goes to a file: a pipe would make this process read every line while it measures.
  const log = openSync(options.log, 'w');
  const child = spawn(
    process.execPath,
    [...process.execArgv, ...profiling, ...words, '--config', options.config],
    { cwd: ROOT, env: { ...process.env, ...environment }, stdio: ['ignore', 'ignore', log] },
  );
  closeSync(log);
  // An interrupted bench must not leave a gateway behind; the other processes end with their channel.
  process.once('exit', () => child.kill('SIGKILL'));
  const until = performance.now() + READY_MS;
  while (!(await isReady(options.port))) {
    if (child.exitCode !== null || performance.now() > until) {
      await stop(child);
      const said = readFileSync(options.log, 'utf8').slice(0, 4000);
      throw new Error(`the gateway did not get ready:\n${said}`);
    }
    await delay(50);
  }
  return { pid: pidOf(child), port: options.port, [Symbol.asyncDispose]: () => stop(child) };
}

const ROOT = resolve(import.meta.dirname, '../..');

/** The gateway is measured as `npm start` runs it: with the flags and variables of that script. */
function startScript(): { readonly environment: Record<string, string>; readonly words: readonly string[] } {
  const text = readFileSync(join(ROOT, 'package.json'), 'utf8');
  const { scripts } = z.object({ scripts: z.object({ start: z.string() }) }).parse(JSON.parse(text));
  const words = scripts.start.split(' ');
  const program = words.indexOf('node');
  const environment = Object.fromEntries(words.slice(0, program).map((word) => word.split('=', 2)));
  return { environment, words: words.slice(program + 1) };
}

async function isReady(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(2000) });
    await response.text();
    return response.ok;
  } catch {
    return false;
  }
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = z.object({ port: z.int() }).parse(server.address());
  server.close();
  await once(server, 'close');
  return port;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  if (child.connected) child.disconnect();
  else child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await exit;
  clearTimeout(timer);
}

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error('a process of the bench did not start');
  return pid;
}

/** One tick of the process times in /proc. */
const TICK_US = 10_000;

/** User and system time that a process has used, in microseconds; NaN where there is no /proc. */
export function cpuUsOf(pid: number): number {
  const stat = procFile(pid, 'stat');
  // The fields after the command, which may hold spaces: 14 (utime) and 15 (stime) of proc(5).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}

/** Resident memory of a process now and at its highest, in MB (2^20 bytes); NaN where there is no /proc. */
export function memoryOf(pid: number): { readonly rssMb: number; readonly peakMb: number } {
  const status = procFile(pid, 'status');
  const megabytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1024;
  return { rssMb: megabytes('VmRSS'), peakMb: megabytes('VmHWM') };
}

function procFile(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}
