import type { SimulatorOptions } from '../../contracts/simulator.ts';
import type { ApiError } from './api-error.ts';
import type { LogprobForm } from './generation-plan.ts';
import type { JsonFields } from './json-body.ts';
import { llamacppSkin } from './skins/llamacpp.ts';
import { ollamaSkin } from './skins/ollama.ts';
import { openaiSkin } from './skins/openai.ts';
import { sglangSkin } from './skins/sglang.ts';
import { trtllmSkin } from './skins/trtllm.ts';
import { vllmSkin } from './skins/vllm.ts';

/**
 * What sets an engine's wire apart from vLLM's, which everything else here is written for: requests are turned
 * into vLLM's before they are read, refusals and replies into the engine's own before they are sent. The
 * model, the scheduler and the faults behind it are the same.
 */
export interface Skin {
  /** The `Server` header; null for none. */
  readonly server: string | null;
  /** Which of vLLM's paths it has. */
  hasPath(path: string): boolean;
  /** Small endpoints of its own, by path; they win over vLLM's. */
  readonly endpoints: Readonly<Record<string, OwnEndpoint>>;
  /** The model in `/v1/models`; null as vLLM's. */
  readonly card: ((options: SimulatorOptions) => object) | null;
  /** A model that is not served is refused. */
  readonly checksModel: boolean;
  /** The request in vLLM's fields. Refuses what the engine refuses. */
  request(fields: JsonFields, kind: RequestKind, options: SimulatorOptions): JsonFields;
  readonly logprobs: LogprobForm;
  /** NaN is written as null in whole replies too; otherwise they are refused. */
  readonly writesNan: boolean;
  refusal(error: ApiError): { readonly status: number; readonly body: unknown };
  /** How a stream ends that fails in the middle. */
  readonly errorInStream: 'event and end' | 'event' | 'none';
  /** Usage covers one choice only; a stream tells it once for each. */
  readonly usageOfOneChoice: boolean;
  /** The events for one of vLLM's. */
  events(event: JsonFields, fingerprint: string): readonly object[];
  /** The whole reply for vLLM's. */
  reply(body: JsonFields, fingerprint: string): object;
  /** Null as vLLM's at `/metrics`. */
  readonly metrics: OwnMetrics | null;
}

export type RequestKind = 'chat' | 'completion' | 'other';

export interface OwnEndpoint {
  readonly method: 'GET' | 'POST';
  reply(fields: JsonFields, options: SimulatorOptions): unknown;
}

/** Metrics by name, with the figure that each shows; labels as they stand in the braces. */
export interface OwnMetrics {
  readonly path: string;
  labels(model: string): string;
  readonly gauges: Readonly<Record<string, EngineFigure>>;
}

export type EngineFigure =
  | 'running'
  | 'waiting'
  | 'cacheUsage'
  | 'promptTokens'
  | 'cachedTokens'
  | 'generationTokens';

export function skinOf(flavour: SimulatorOptions['flavour']): Skin {
  return SKINS[flavour];
}

const SKINS: Readonly<Record<SimulatorOptions['flavour'], Skin>> = {
  vllm: vllmSkin,
  trtllm: trtllmSkin,
  sglang: sglangSkin,
  llamacpp: llamacppSkin,
  ollama: ollamaSkin,
  openai: openaiSkin,
};
