import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** What a command said, and whether it went well. */
export interface Said {
  readonly ok: boolean;
  readonly text: string;
}

/** The cluster under test: its folder (bin/, kubeconfig) and the tools that start it and run things in its node. */
export class Cluster {
  readonly folder: string;
  readonly tools: string;
  readonly #environment: NodeJS.ProcessEnv;

  constructor(folder: string, tools: string) {
    this.folder = folder;
    this.tools = tools;
    const home = join(folder, 'run/helm');
    // npm sets NODE to its own binary; cluster.sh reads it as the kind of node (real or fake).
    const { NODE: _npm, ...inherited } = process.env;
    this.#environment = {
      ...inherited,
      PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}`,
      KUBECONFIG: join(folder, 'kubeconfig'),
      HELM_CACHE_HOME: home,
      HELM_CONFIG_HOME: home,
      HELM_DATA_HOME: home,
    };
  }

  run(command: string, args: readonly string[], input?: string): Said {
    const { status, stdout, stderr } = spawnSync(command, args, {
      env: this.#environment,
      encoding: 'utf8',
      input: input ?? '',
      maxBuffer: 256 * 1024 * 1024,
      timeout: 400_000,
    });
    return { ok: status === 0, text: `${stdout}${stderr}`.trim() };
  }

  kubectl(...args: string[]): Said {
    return this.run('kubectl', args);
  }

  /** `cluster.sh COMMAND FOLDER ...`. */
  manage(command: string, ...args: string[]): Said {
    return this.run('bash', [join(this.tools, 'cluster.sh'), command, this.folder, ...args]);
  }

  /** A process beside the kubelet, from where services are reached as from a pod of the host's network. */
  startInside(command: readonly string[]): Inside {
    const child = spawn('bash', [join(this.tools, 'cluster.sh'), 'in', this.folder, ...command], {
      env: this.#environment,
      stdio: ['ignore', 'pipe', 'inherit'],
      // A group of its own: whatever it starts ends with it.
      detached: true,
    });
    return new Inside(child);
  }
}

export class Inside {
  readonly #child: ChildProcess;
  #text = '';

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#text += text;
    });
  }

  /** What it printed, once it has ended by itself. */
  async ended(): Promise<string> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
    return this.#text;
  }

  kill(): void {
    if (this.#child.pid !== undefined && this.#child.exitCode === null)
      process.kill(-this.#child.pid, 'SIGKILL');
  }
}

/** Asks again until the answer is there; throws with the last one after `seconds`. */
export async function eventually<T>(seconds: number, what: string, ask: () => T | undefined): Promise<T> {
  const until = performance.now() + seconds * 1_000;
  for (;;) {
    const answer = ask();
    if (answer !== undefined) return answer;
    if (performance.now() > until) throw new Error(`${what}: not within ${seconds} s`);
    await delay(250);
  }
}
