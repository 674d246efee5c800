import type { EngineResult } from '../../contracts/engine.ts';
import { unfitFailure } from './failures.ts';
import type { ModelConfigResponse__Output } from './generated/inference/ModelConfigResponse.ts';
import type { ModelMetadataResponse__Output } from './generated/inference/ModelMetadataResponse.ts';

/** What a model takes and gives, under the newest names of its tensors. */
export interface ModelSignature {
  readonly model: string;
  /** By today's name; the wire may know an older one. */
  readonly inputs: ReadonlyMap<string, InputSpec>;
  readonly outputs: ReadonlySet<string>;
  /** Tensors have a batch dimension in front. */
  readonly batched: boolean;
  /** Most questions of one request by the model's configuration; 0 where it has no batches. */
  readonly maxBatch: number;
  /** One request may have many replies: the model can stream. */
  readonly decoupled: boolean;
  /** Each streamed reply repeats the whole text so far. */
  readonly accumulates: boolean;
}

export interface InputSpec {
  readonly wireName: string;
  readonly datatype: string;
}

/** The tensors that a backend cannot do without. */
export interface RequiredTensors {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** Names before TensorRT-LLM 0.17. */
const RENAMED: Readonly<Record<string, string>> = {
  len_penalty: 'length_penalty',
  min_length: 'min_tokens',
  random_seed: 'seed',
};

/**
 * Reads ModelMetadata and ModelConfig. Triton itself checks only the number of a request's inputs, not their
 * names, so a missing one is told here, once, by its name.
 */
export function readSignature(
  model: string,
  required: RequiredTensors,
  metadata: ModelMetadataResponse__Output,
  config: ModelConfigResponse__Output,
): EngineResult<ModelSignature> {
  const inputs = new Map<string, InputSpec>();
  for (const { name = '', datatype = '' } of metadata.inputs ?? []) {
    inputs.set(RENAMED[name] ?? name, { wireName: name, datatype });
  }
  const outputs = new Set((metadata.outputs ?? []).map(({ name = '' }) => name));
  const missing = missingTensors(required, inputs, outputs);
  if (missing.length > 0) {
    return { ok: false, failure: unfitFailure(missingMessage(model, missing, inputs)) };
  }
  const shape = metadata.inputs?.find(({ name }) => name === TEXT_INPUT)?.shape;
  const batched = shape !== undefined && shape.length > 1;
  return { ok: true, value: { model, inputs, outputs, batched, ...readPolicy(config) } };
}

type Names = Pick<ReadonlySet<string>, 'has'>;

function missingTensors(required: RequiredTensors, inputs: Names, outputs: Names): readonly string[] {
  return [
    ...required.inputs.filter((name) => !inputs.has(name)).map((name) => `input "${name}"`),
    ...required.outputs.filter((name) => !outputs.has(name)).map((name) => `output "${name}"`),
  ];
}

function readPolicy({
  config,
}: ModelConfigResponse__Output): Pick<ModelSignature, 'decoupled' | 'accumulates' | 'maxBatch'> {
  return {
    maxBatch: config?.max_batch_size ?? 0,
    decoupled: config?.model_transaction_policy?.decoupled === true,
    accumulates: config?.parameters?.['accumulate_tokens']?.string_value?.toLowerCase() === 'true',
  };
}

export const TEXT_INPUT = 'text_input';

const MOST_NAMES_SHOWN = 20;

function missingMessage(
  model: string,
  missing: readonly string[],
  inputs: ReadonlyMap<string, unknown>,
): string {
  const found = [...inputs.keys()].slice(0, MOST_NAMES_SHOWN).map((name) => `"${name.slice(0, 60)}"`);
  return (
    `the model ${JSON.stringify(model)} has no ${missing.join(', no ')}; its inputs are ${found.join(', ') || 'none'}. ` +
    'Check the model name and the backend in the configuration'
  );
}
