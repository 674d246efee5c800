import type { SimulatorOptions } from '../../contracts/simulator.ts';
import { type ApiError, engineDied } from './api-error.ts';
import { renderMetrics, renderOwnMetrics } from './exposition.ts';
import { FaultBoard } from './faults.ts';
import { hashText, mix } from './hash.ts';
import type { Opinion } from './label-odds.ts';
import { EngineMetrics } from './metrics.ts';
import { BLOCK_TOKENS, PrefixCache } from './prefix-cache.ts';
import { type ScoreOpinion, toyScores } from './score-odds.ts';
import { Scheduler } from './scheduler.ts';
import { type Skin, skinOf } from './skin.ts';

/** A request that the engine works on. */
export interface EngineJob {
  /** The engine cannot go on with it. */
  fail(error: ApiError): void;
}

/**
 * The engine behind the HTTP surface: model, scheduler, prefix cache, counters and faults of one simulator.
 * It knows sequences of tokens and nothing of requests and replies.
 */
export class ToyEngine {
  readonly options: SimulatorOptions;
  readonly opinion: Opinion;
  readonly scores: ScoreOpinion;
  /** Which engine's wire is played. */
  readonly skin: Skin;
  readonly scheduler: Scheduler;
  readonly cache: PrefixCache;
  readonly metrics = new EngineMetrics();
  readonly faults = new FaultBoard();
  readonly jobs = new Set<EngineJob>();
  /** As vLLM's: equal after restarts with equal settings. */
  readonly fingerprint: string;
  readonly cacheBlocks: number;
  /** Blocks that running sequences hold. */
  usedBlocks = 0;
  /** Set while the engine hangs: its metrics stand still. */
  #frozenMetrics: string | null = null;
  #isWarm = false;
  readonly #idSeed: number;
  #ids = 0;

  constructor(options: SimulatorOptions, opinion: Opinion) {
    this.options = options;
    this.opinion = opinion;
    this.scores = toyScores(options.judge);
    this.skin = skinOf(options.flavour);
    this.scheduler = new Scheduler(options.clock);
    this.cacheBlocks = Math.max(FEWEST_BLOCKS, CONTEXTS * Math.ceil(options.maxModelTokens / BLOCK_TOKENS));
    this.cache = new PrefixCache(this.cacheBlocks);
    const { preferences, ...judge } = options.judge;
    const settings = JSON.stringify([options.model, judge, preferences.length, options.replay?.judge]);
    this.fingerprint = `vllm-${VERSION}-${hex(hashText(settings))}`;
    this.#idSeed = mix(Math.trunc(Math.random() * 0x1_0000_0000), Date.now());
  }

  /** 16 hexadecimal digits, different each time. */
  nextId(): string {
    this.#ids += 1;
    return hex(mix(this.#idSeed, this.#ids)) + hex(mix(~this.#idSeed, this.#ids));
  }

  /** The first request for log-probabilities blocks everything while its kernel is compiled. */
  warmUpLogprobs(): void {
    if (this.#isWarm) return;
    this.#isWarm = true;
    this.scheduler.block(this.options.clock.logprobsWarmUpMs);
  }

  /** Takes over changed fault switches. */
  applyFaults(): void {
    const { hang, slowFirstTokenMs, engineDead } = this.faults.current;
    if (hang) this.#frozenMetrics ??= this.metricsText();
    else this.#frozenMetrics = null;
    this.scheduler.firstTokenDelayMs = slowFirstTokenMs;
    this.scheduler.isStuck = hang;
    if (engineDead) for (const job of this.jobs) job.fail(engineDied());
  }

  metricsText(): string {
    if (this.#frozenMetrics !== null) return this.#frozenMetrics;
    const levels = {
      model: this.options.model,
      running: this.scheduler.running,
      waiting: this.scheduler.waiting,
      cacheUsage: this.cacheUsage,
      cacheBlocks: this.cacheBlocks,
    };
    const own = this.skin.metrics;
    return own === null ? renderMetrics(this.metrics, levels) : renderOwnMetrics(own, this.metrics, levels);
  }

  get cacheUsage(): number {
    return Math.min(1, this.usedBlocks / this.cacheBlocks);
  }

  close(): void {
    this.scheduler.close();
    this.cache.clear();
  }
}

/** The server version that the simulator imitates. */
export const VERSION = '0.32.0';

/** The cache holds this many of the longest prompts, and at least this many blocks. */
const CONTEXTS = 8;
const FEWEST_BLOCKS = 4096;

function hex(hash: number): string {
  return hash.toString(16).padStart(8, '0');
}
