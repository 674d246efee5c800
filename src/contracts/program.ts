import type { ReplicaState } from './engine.ts';
import type { PlantedPreference, RunningSimulator, SimulatorOptions } from './simulator.ts';

/** Where a gateway gets its configuration from. */
export type GatewaySource =
  | { readonly type: 'file'; readonly path: string }
  /** Two simulated engines (small, large) and the demo's policy; leaves nothing behind. */
  | { readonly type: 'simulated'; readonly preferences: readonly PlantedPreference[] };

export interface ServeOptions {
  readonly source: GatewaySource;
  /** Overrides of the configuration; port 0 takes a free one. */
  readonly host?: string;
  readonly port?: number;
  /** False silences the log; errors still go to stderr. */
  readonly log: boolean;
}

export interface RunningGateway {
  readonly url: string;
  /** Key that this process may use; null for a gateway without keys. */
  readonly apiKey: string | null;
  /** Policies it offers, the default first. */
  readonly policies: readonly string[];
  /** Tiers of the default policy, cheap to strong. */
  readonly tiers: readonly string[];
  /** Resolves when each engine has a ready replica, or with the reasons why not after `timeoutMs`. */
  ready(timeoutMs: number): Promise<readonly EngineStatus[]>;
  /** Drains and closes. */
  close(): Promise<void>;
}

/** One configured engine as `assay doctor` sees it. */
export interface EngineStatus {
  readonly engine: string;
  readonly kind: string;
  readonly model: string;
  readonly replicas: readonly ReplicaState[];
}

export interface ConfigProblem {
  readonly path: string;
  readonly line: number | null;
  readonly column: number | null;
  readonly message: string;
}

export type ConfigCheck =
  | { readonly ok: true; readonly summary: string }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/** What the command line can do; `compose` provides it, so that `cli` imports no other room. */
export interface Program {
  serve(options: ServeOptions): Promise<RunningGateway>;
  simulate(options: SimulatorOptions): Promise<RunningSimulator>;
  checkConfig(path: string): Promise<ConfigCheck>;
  /** The effective configuration as YAML, secrets masked. Throws `ConfigError` when it is not valid. */
  printConfig(path: string): Promise<string>;
  /** JSON Schema (2020-12) of the configuration file. */
  configSchema(): Readonly<Record<string, unknown>>;
  /** Starts the engines of a configuration, without serving, and tells how they are. */
  doctor(path: string, timeoutMs: number): Promise<readonly EngineStatus[]>;
}

/** A configuration that cannot be used; `problems` has all of them, not the first. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly ConfigProblem[];

  constructor(path: string, problems: readonly ConfigProblem[]) {
    super(`${path}: ${problems.length} problem${problems.length === 1 ? '' : 's'} in the configuration`);
    this.problems = problems;
  }
}
