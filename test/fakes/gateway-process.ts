import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { join } from 'node:path';

/** `assay serve` as a process of its own, to be asked over HTTP and to be killed. */
export interface GatewayProcess {
  readonly url: string;
  readonly child: ChildProcess;
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  /** Ends it with this signal; resolves with its exit code, null when the signal itself ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

const MAIN = join(import.meta.dirname, '../../src/main.ts');

/** Resolves when it serves; rejects with what it wrote when it ends before that. */
export async function startGatewayProcess(config: string): Promise<GatewayProcess> {
  const child = spawn(process.execPath, [MAIN, 'serve', '--config', config, '--port', '0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const written: string[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      written.push(line);
      const [, found] = /^Assay serves (\S+),/.exec(line) ?? [];
      if (found !== undefined) resolve(found);
    });
    child.once('exit', () => reject(new Error(`the gateway did not start:\n${written.join('\n')}`)));
  });
  const ask = (path: string, init: RequestInit): Promise<Response> => fetch(url + path, init);
  return {
    url,
    child,
    get: (path, headers = {}) => ask(path, { headers }),
    post: (path, body, headers = {}) =>
      ask(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
    async end(signal) {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      const exited = once(child, 'exit');
      child.kill(signal);
      await exited;
      return child.exitCode;
    },
  };
}
