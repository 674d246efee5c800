import type { ReloadResult } from './admin.ts';
import type { JudgeKeyParts } from '../domain/judge-key.ts';
import type {
  AttackedItem,
  BiasTask,
  Calibration,
  CalibrationTask,
  CascadePlan,
  ComparisonTask,
  EvaluationTask,
  InjectionTask,
  JudgedItem,
  ObservedTask,
  PromptBenchTask,
  Report,
  SimilarPlan,
  SimilarReplay,
  StratumCalibration,
} from './evaluation.ts';
import type { Observation } from './evidence.ts';
import type { ReplicaState } from './engine.ts';
import type { Planner, PlanRequest } from './plan.ts';
import type { PromptCheck } from './prompts.ts';
import type { PlantedPreference, RunningSimulator, SimulatorOptions } from './simulator.ts';
import type { TeamAdministration } from './team-administration.ts';
import type { StratumDimension } from '../domain/stratum.ts';

/** Where a gateway gets its configuration from. */
export type GatewaySource =
  | { readonly type: 'file'; readonly path: string }
  /** Two simulated engines (small, large) and the demo's policy; leaves nothing behind. */
  | { readonly type: 'simulated'; readonly preferences: readonly PlantedPreference[] };

/** A judge as it would be with other prompt templates. */
export interface JudgeVariants {
  readonly judge: string;
  /** As `name@version`. */
  readonly prompts: readonly string[];
}

export interface ServeOptions {
  readonly source: GatewaySource;
  /** Overrides of the configuration; port 0 takes a free one. */
  readonly host?: string;
  readonly port?: number;
  /** False silences the log; errors still go to stderr. */
  readonly log: boolean;
  /** Also offers every judge alone, as policy `judge:<name>`: for asking one judge what it thinks. */
  readonly eachJudge?: boolean;
  /** With `eachJudge`: also this judge with other prompts, each by the name of its template. */
  readonly variants?: JudgeVariants | undefined;
  /** The gateway of one command, beside one that may run: leaves the embedded database's folder alone. */
  readonly ephemeral?: boolean;
}

export interface RunningGateway {
  readonly url: string;
  /** Of the admin API; null where none is configured. */
  readonly adminUrl: string | null;
  /** Of the port for metrics alone; absent where none is configured. */
  readonly metricsUrl?: string;
  /** Key that this process may use; null for a gateway without keys. */
  readonly apiKey: string | null;
  /** Policies it offers, the default first. */
  readonly policies: readonly string[];
  /** Tiers of the default policy, cheap to strong. */
  readonly tiers: readonly string[];
  /** Tiers of every policy, cheap to strong, also of those for single judges. */
  readonly plans: Readonly<Record<string, readonly string[]>>;
  /** What a trail does not tell of a judge's key, by the judge's name. */
  readonly judgeParts: Readonly<Record<string, Pick<JudgeKeyParts, 'engine' | 'promptHash'>>>;
  /** Family of each judge's model, by the judge's name; null where neither its engine nor its model tells it. */
  readonly families: Readonly<Record<string, string | null>>;
  /** Resolves when each engine has a ready replica, or with the reasons why not after `timeoutMs`. */
  ready(timeoutMs: number): Promise<readonly EngineStatus[]>;
  /** Reads the configuration again; one with problems changes nothing. Never rejects. */
  reload(): Promise<ReloadResult>;
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

export interface OpenTeams extends TeamAdministration {
  close(): Promise<void>;
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
  /** Brings the ledger's tables up to date; the names of the migrations that ran. Throws `ConfigError`. */
  migrate(path: string): Promise<readonly string[]>;
  /**
   * Teams and keys of the ledger of a configuration, without a gateway. An embedded database must not be in use.
   * Throws `ConfigError`, `storage_missing`.
   */
  openTeams(path: string): Promise<OpenTeams>;
  /** JSON Schema (2020-12) of the configuration file. */
  configSchema(): Readonly<Record<string, unknown>>;
  /** Starts the engines of a configuration, without serving, and tells how they are. */
  doctor(path: string, timeoutMs: number): Promise<readonly EngineStatus[]>;
  /** What is wrong with the prompt templates of a folder, or with the built-in ones for null. Throws `ConfigError`. */
  checkPrompts(directory: string | null): PromptCheck;
  /** A forecast of what a run will cost; asks nobody. Throws `ConfigError`, and `GatewayError` for a policy that is not there. */
  openPlan(request: PlanRequest): Planner;
  /** Two judges over the same items. */
  compareJudges(items: readonly JudgedItem[], task: ComparisonTask): Report;
  /** A policy's answers against a reference; every item has a verdict. */
  evaluate(items: readonly JudgedItem[], task: EvaluationTask): Report;
  /** The items with attacks in the responses that the judge calls worse; empty when it prefers none anywhere. */
  attackItems(items: readonly JudgedItem[], judge: string): readonly AttackedItem[];
  /** How often attacks turned the verdicts of judges. */
  reportInjections(task: InjectionTask): Report;
  /** What moves judges besides quality. `runs` are the same items in the same order, asked again; one at least. */
  reportBias(runs: readonly (readonly JudgedItem[])[], task: BiasTask): Report;
  /** One judge with several templates against gold labels; opinions are by template. */
  benchPrompts(items: readonly JudgedItem[], task: PromptBenchTask): Report;
  /** A certificate as JSON with its report, or why there is none. */
  calibrate(items: readonly JudgedItem[], task: CalibrationTask): Calibration;
  /** The same for each stratum by itself, in order of size; together they keep the task's confidence. Items need texts. */
  calibrateStrata(
    items: readonly JudgedItem[],
    task: Omit<CalibrationTask, 'stratum' | 'sharedBy'>,
    dimensions: readonly StratumDimension[],
  ): StratumCalibration[];
  /** The same from observations of a running gateway, all of one stratum; at least one is needed. */
  calibrateObservations(observations: readonly Observation[], task: ObservedTask): Calibration;
  /** What labels of similar items would have done to these labels; n-grams tell what is similar. */
  replaySimilar(
    items: readonly JudgedItem[],
    plan: SimilarPlan & { readonly seed: number },
  ): Promise<SimilarReplay>;
  /** The items with the verdicts that a cascade makes of their judgments. */
  playCascade(items: readonly JudgedItem[], plan: CascadePlan): JudgedItem[];
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
