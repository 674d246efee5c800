import type { Cost, Usage } from '../domain/cost.ts';
import type { LabelDistribution, LogprobRoute } from '../domain/distribution.ts';
import type { ErrorCode } from '../domain/errors.ts';
import type { Message } from '../domain/item.ts';
import type { LabelSpellings } from '../domain/template.ts';
import type { Call } from './call.ts';

/**
 * What went wrong in an engine call, as a value. `message` is safe to show to a client:
 * it names no address and quotes no prompt.
 */
export interface EngineFailure {
  readonly code: ErrorCode;
  readonly message: string;
  /** False when the engine cannot have worked on the request (refused connection, 503 before the queue). */
  readonly sent: boolean;
  /** True when the replica itself is to blame and should be checked before it is used again. */
  readonly blamesReplica: boolean;
  /** True when the engine answered, if wrongly: it did not go down with the request. */
  readonly alive?: true;
  /** Milliseconds after which the engine wants to be asked again, as it said itself. */
  readonly retryAfterMs?: number;
}

/** A value from an engine, or why there is none. */
export type EngineResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: EngineFailure };

/** A set of labels that replicas resolve to token ids before they count as ready. */
export interface LabelProbe {
  /** Name of the set; requests refer to it. */
  readonly id: string;
  readonly spellings: LabelSpellings;
  /** A rendered example: ids are resolved with it as context, as `A` and ` A` are different tokens. */
  readonly context: readonly Message[];
  /** The context shows this many items, and the answer numbers their labels; absent for one label. */
  readonly numbered?: number;
}

export interface DistributionRequest {
  readonly messages: readonly Message[];
  /** Id of a `LabelProbe` that the engine was created with. */
  readonly labels: string;
  /** Requests with equal keys share a prompt prefix and should meet the same replica's cache. */
  readonly affinity?: string;
  /** Texts that tell the item apart whatever is fenced around it; without them the messages do. */
  readonly identity?: readonly string[];
  /** Items that the messages show; the answer numbers a label for each. Absent for one item and one label. */
  readonly numbered?: number;
  /** Rubric of the item, for engines that keep prefix caches of teams and rubrics apart. */
  readonly rubric?: string;
}

export interface DistributionReply {
  readonly distribution: LabelDistribution;
  /**
   * For a numbered answer: one for each item in their order, the first of them above. Mass 0 says that the answer
   * had no label in the place of that item.
   */
  readonly numbered?: readonly LabelDistribution[];
  readonly usage: Usage;
  readonly fingerprint: string | null;
  /** Questions that the engine answered in one call, this one included; absent for a call of its own. */
  readonly coalesced?: number;
}

/**
 * A way to ask several label questions in one engine call, found at warm-up: the answers are those that each
 * question gets alone.
 */
export interface LabelBatches {
  /** Most questions of one call, at least 2. */
  readonly maximum: number;
  /** Whether the engine tells of such a call how many input tokens came from its cache; else it is 0 for each. */
  readonly tellsCachedTokens: boolean;
  /** Questions with equal keys may share a call: what is said once for the whole call is the same for them. */
  keyOf(request: DistributionRequest, call: Call): string;
  /**
   * One answer for each question, in their order; their usages add up to what the engine counted. A failure of
   * the whole call says nothing about any one of them. `call` has the marks of all and ends when none is waited for.
   */
  ask(
    requests: readonly DistributionRequest[],
    call: Call,
  ): Promise<EngineResult<readonly EngineResult<DistributionReply>[]>>;
}

/** A text generation in the OpenAI wire format; `body` has been checked by the wire room. */
export interface GenerationRequest {
  readonly kind: 'chat' | 'completion';
  readonly body: Readonly<Record<string, unknown>>;
  /** Requests with equal keys share a prompt prefix and should meet the same replica's cache. */
  readonly affinity?: string;
}

/**
 * What a generation yields: chunks as the engine wrote them, then exactly one `end` or one `failure`.
 * A stream without the engine's end marker yields a failure, never a short answer.
 */
export type GenerationEvent =
  | { readonly type: 'chunk'; readonly data: string; readonly value: Readonly<Record<string, unknown>> }
  | { readonly type: 'end'; readonly usage: Usage }
  | { readonly type: 'failure'; readonly failure: EngineFailure };

/** What a warm-up found out about one replica; `assay doctor` prints it. */
export interface ReplicaReport {
  readonly model: string;
  readonly version: string | null;
  readonly fingerprint: string | null;
  /** Longest context in tokens; null when the engine does not tell. */
  readonly maxModelTokens: number | null;
  /** Route by which labels are read from now on; null for an engine that was given no label sets. */
  readonly route: LogprobRoute | null;
  /** Per label set and label: token ids found for the spellings; empty where labels are known by their text. */
  readonly labels: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;
  /** All label probabilities were finite numbers. */
  readonly finite: boolean;
  /** Largest difference of a label's log-probability, in nats, between two identical calls. */
  readonly repeatError: number;
  /** The engine says how many input tokens came from its cache. */
  readonly reportsCachedTokens: boolean;
  readonly capabilities: ReplicaCapabilities;
}

/** What a replica can do, found by trying; false or empty where a try failed or there is nothing to try. */
export interface ReplicaCapabilities {
  /** Routes to label probabilities that gave what they should. */
  readonly routes: readonly LogprobRoute[];
  /** Likely tokens listed for one position when the most that Assay asks for were asked for; 0 for none. */
  readonly topLogprobs: number;
  /** Token ids of texts can be looked up, at the engine or in a tokenizer of its model. */
  readonly tokenizer: boolean;
  /** One completion request takes several prompts. */
  readonly promptArrays: boolean;
  /** Most label questions of one call; 0 where each needs a call of its own. */
  readonly labelBatch: number;
  /** An answer can be held to a JSON schema. */
  readonly structuredOutput: boolean;
  /** Requests with a priority are taken, by an engine that knows the word. */
  readonly priority: boolean;
  /** Prefix caches can be kept apart. */
  readonly cacheSalt: boolean;
  /** `load` tells figures. */
  readonly load: boolean;
}

/** How busy a replica is, as its engine says itself: of all requests there, whoever sent them. */
export interface ReplicaLoad {
  /** Requests that are being worked on. */
  readonly running: number;
  /** Requests that wait for their turn inside the engine. */
  readonly waiting: number;
  /** Share of the KV cache that is in use, in [0, 1]; null when it is not told. */
  readonly cacheUse: number | null;
  /**
   * A count that grows with the work done, such as tokens read and written since the engine started: while
   * it moves, the engine lives. Absent where it is not told.
   */
  readonly progress?: number;
  /** Tokens that the engine has counted since its start; absent where it does not count them, or not all. */
  readonly tokens?: TokenCounts;
}

/** Tokens of prompts, cached ones included, and of answers. */
export interface TokenCounts {
  readonly input: number;
  readonly output: number;
}

/** One address of an engine. Made by the `engines` room, used by the `pool` room. */
export interface Replica {
  readonly url: string;
  /**
   * Checks the replica and makes it ready: resolves labels, asks once for log-probabilities
   * (the first such call compiles kernels and blocks the whole engine for seconds).
   */
  warmUp(call: Call): Promise<EngineResult<ReplicaReport>>;
  distribution(request: DistributionRequest, call: Call): Promise<EngineResult<DistributionReply>>;
  /** Several questions in one call; null, or no such method, where the engine cannot, or before a warm-up found it. */
  labelBatches?(): LabelBatches | null;
  /** Resolves when the engine accepted the request; failures before the first event are results. */
  generate(request: GenerationRequest, call: Call): Promise<EngineResult<AsyncIterable<GenerationEvent>>>;
  /** One JSON call without streaming (`/v1/embeddings`). */
  post(path: string, body: Readonly<Record<string, unknown>>, call: Call): Promise<EngineResult<JsonReply>>;
  /** The engine's own figures; null where it has none to tell. Cheap enough to be asked every second. */
  load?(call: Call): Promise<EngineResult<ReplicaLoad | null>>;
  close(): Promise<void>;
}

export interface JsonReply {
  readonly body: Readonly<Record<string, unknown>>;
  readonly usage: Usage;
}

/** What an engine says beside its answer. `cost` is final when the call has ended. */
export interface CallReport {
  /** Name of the replica, as `<engine>/<number>`; null when none was ready. */
  readonly replica: string | null;
  /** Why this replica, as a clause such as `p2c 0.012<0.030`; null when none was ready. */
  readonly pick: string | null;
  /** Engine calls that were made for it, failed ones and hedges included. */
  readonly attempts: number;
  /** Of all attempts. */
  readonly cost: Cost;
  /** Part of it for attempts that did not answer, in nano-dollars; absent for none. */
  readonly retryNanoUsd?: number;
  /** Time at the engine; what came before is not in it. */
  readonly ms: number;
  /** Milliseconds that it waited in the queue before the engine; 0 when it did not. */
  readonly queuedMs: number;
}

export interface ReplicaState {
  /** `<engine>/<number>`, as trails name it. */
  readonly name: string;
  /** For operators only: addresses are not shown to users. */
  readonly url: string;
  readonly ready: boolean;
  readonly inFlight: number;
  /** Why it is not ready; null when it is. */
  readonly reason: string | null;
  readonly report: ReplicaReport | null;
}

/** An inference server kind with its pool of replicas, and one model that they serve. */
export interface Engine {
  readonly id: string;
  readonly model: string;
  /** Precision or quantisation of the weights as configured, such as `awq`; null when not told. */
  readonly precision: string | null;
  replicas(): readonly ReplicaState[];
  distribution(
    request: DistributionRequest,
    call: Call,
  ): Promise<{ readonly result: EngineResult<DistributionReply>; readonly report: CallReport }>;
  generate(
    request: GenerationRequest,
    call: Call,
  ): Promise<EngineResult<{ readonly events: AsyncIterable<GenerationEvent>; report(): CallReport }>>;
  post(
    path: string,
    body: Readonly<Record<string, unknown>>,
    call: Call,
  ): Promise<{ readonly result: EngineResult<JsonReply>; readonly report: CallReport }>;
  close(): Promise<void>;
}
