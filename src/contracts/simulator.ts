/**
 * The simulated engine: an HTTP server that behaves on the wire as a real one does, with a toy
 * language model inside. It is for tests, demos and load; its labels mean nothing.
 */
export interface SimulatorOptions {
  /** Which engine's wire it plays; behind it all are the same. */
  readonly flavour: SimulatorFlavour;
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** Name under which the model is served. */
  readonly model: string;
  /** When set, `/v1/*` wants it as Bearer key. */
  readonly apiKey: string | undefined;
  /** Longest context in tokens. */
  readonly maxModelTokens: number;
  /** False plays an older server without `logprob_token_ids`: the caller must use `top_logprobs`. */
  readonly labelIds: boolean;
  readonly judge: SimulatedJudge;
  readonly clock: SimulatedClock;
  /** Recorded judgments to answer with instead of the toy model's own opinion. */
  readonly replay: { readonly path: string; readonly judge: string } | undefined;
}

export type SimulatorFlavour = 'vllm' | 'trtllm' | 'sglang' | 'llamacpp' | 'ollama' | 'openai';

/**
 * How the toy model prefers. For responses x (first) and y (second) it says "first" with log-odds
 * `sharpness * (quality(x) - quality(y)) + noise * e + positionBias`, where quality and e are standard
 * normal numbers hashed from the texts (e also from `seed`), or planted by `preferences`.
 */
export interface SimulatedJudge {
  readonly seed: string;
  readonly sharpness: number;
  readonly noise: number;
  /** Added to the log-odds of the response shown first. */
  readonly positionBias: number;
  /** Probability on all label tokens together, in (0, 1]. */
  readonly labelMass: number;
  /** Planted preferences: these pairs have a known better response (quality difference +-2, or 0 for a tie). */
  readonly preferences: readonly PlantedPreference[];
}

export interface PlantedPreference {
  readonly candidates: readonly [string, string];
  readonly better: 'a' | 'b' | 'tie';
}

/** The real-time token clock of continuous batching. All times in milliseconds. */
export interface SimulatedClock {
  /** Prefill time of an empty queue: base plus this much per 1,000 uncached prompt tokens. */
  readonly firstTokenMs: number;
  readonly prefillMsPer1000Tokens: number;
  readonly interTokenMs: number;
  /** Sequences that run at once; more wait. */
  readonly maxRunning: number;
  /** Waiting requests above this are answered 503; undefined is no bound, as by default in vLLM. */
  readonly maxQueued: number | undefined;
  /** Time that the first request with log-probabilities blocks the engine (kernel compilation). */
  readonly logprobsWarmUpMs: number;
}

export interface RunningSimulator {
  readonly url: string;
  close(): Promise<void>;
}
