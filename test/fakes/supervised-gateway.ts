import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, openSync, closeSync } from 'node:fs';
import { createServer } from 'node:http';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { listenOn } from './listen.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** The whole gateway as a process of its own, to be killed and started again at the same address. */
export class SupervisedGateway implements AsyncDisposable {
  readonly url: string;
  readonly #config: string;
  readonly #log: string;
  #child: ChildProcess | null = null;

  /** `port` is that of the configuration file. */
  constructor(config: string, port: number) {
    this.#config = config;
    this.#log = join(config, '../gateway.log');
    this.url = `http://127.0.0.1:${port}`;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves when it answers and its engines are ready. Starts again, as a supervisor would, when it ends at once. */
  async start(): Promise<void> {
    for (let attempt = 1; attempt <= 20; attempt += 1) {
      const log = openSync(this.#log, 'a');
      const args = [join(ROOT, 'src/main.ts'), 'serve', '--config', this.#config];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', log] });
      closeSync(log);
      this.#child = child;
      if (await this.#isReady(child)) return;
      await delay(250);
    }
    throw new Error(`the gateway does not start:\n${this.log().slice(-3000)}`);
  }

  log(): string {
    return readFileSync(this.#log, 'utf8');
  }

  /** Sends a signal and waits for the end; the exit code, or null for a death by signal. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null)
      return child?.exitCode ?? null;
    const exit = once(child, 'exit');
    child.kill(signal);
    await exit;
    return child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGKILL');
  }

  async #isReady(child: ChildProcess): Promise<boolean> {
    while (child.exitCode === null && child.signalCode === null) {
      try {
        const reply = await fetch(`${this.url}/readyz`);
        await reply.text();
        if (reply.ok) return true;
      } catch {
        // Not yet.
      }
      await delay(30);
    }
    return false;
  }
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const url = await listenOn(server);
  server.close();
  await once(server, 'close');
  return Number(new URL(url).port);
}
