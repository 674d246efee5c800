import type { ModelInferResponse__Output } from './generated/inference/ModelInferResponse.ts';
import { firstNumber, type Tensor, textsOf } from './tensor.ts';

/**
 * The tensors of one reply, found by their names: an ensemble sends them in any order. They are read by the
 * datatype that the reply states, as models do not always keep to their metadata.
 */
export class ReplyTensors {
  readonly #reply: ModelInferResponse__Output;

  constructor(reply: ModelInferResponse__Output) {
    this.#reply = reply;
  }

  /** False for the empty reply that only says that there will be no other one. */
  get hasAny(): boolean {
    return (this.#reply.outputs?.length ?? 0) > 0;
  }

  get isFinal(): boolean {
    return this.#reply.parameters?.['triton_final_response']?.bool_param === true;
  }

  get modelVersion(): string | null {
    return this.#reply.model_version ?? null;
  }

  tensor(name: string): Tensor | null {
    const position = this.#reply.outputs?.findIndex((output) => output.name === name) ?? -1;
    const output = this.#reply.outputs?.[position];
    const data = this.#reply.raw_output_contents?.[position];
    if (output === undefined || data === undefined) return null;
    return { datatype: output.datatype ?? '', shape: (output.shape ?? []).map(Number), data };
  }

  /** The first text of a tensor; null when there is no such tensor or it holds no text. */
  text(name: string): string | null {
    const tensor = this.tensor(name);
    return tensor === null ? null : (textsOf(tensor)?.[0] ?? null);
  }

  /** The first number of a tensor; null when there is no such tensor or it holds no number. */
  number(name: string): number | null {
    const tensor = this.tensor(name);
    return tensor === null ? null : firstNumber(tensor);
  }
}
