import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** A simulated engine in a process of its own. */
export interface KillableEngine extends AsyncDisposable {
  readonly url: string;
  /** Model calls that reached it since the last `forget`, as it told them itself. */
  calls(): number;
  forget(): void;
  /** Resolves when a further call has reached it. */
  called(): Promise<void>;
  /** `kill -9`. */
  kill(): Promise<void>;
  /** Starts it again at the same address. */
  restart(): Promise<void>;
}

export async function startKillableEngine(): Promise<KillableEngine> {
  let calls = 0;
  const start = async (port: string): Promise<{ readonly child: ChildProcess; readonly url: string }> => {
    const child = fork(join(import.meta.dirname, 'engine-process.ts'), [port]);
    const [url] = await once(child, 'message');
    child.on('message', () => {
      calls += 1;
    });
    return { child, url: String(url) };
  };
  let { child, url } = await start('0');
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  };
  return {
    url,
    calls: () => calls,
    forget() {
      calls = 0;
    },
    async called() {
      await once(child, 'message');
    },
    kill,
    async restart() {
      ({ child, url } = await start(new URL(url).port));
    },
    [Symbol.asyncDispose]: kill,
  };
}
