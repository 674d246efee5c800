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

  /**
   * The rows of a tensor of fixed-size elements, one for each of `count` prompts; null when there is no such
   * tensor or it has another number of rows.
   */
  rows(name: string, count: number): readonly Tensor[] | null {
    const tensor = this.tensor(name);
    if (tensor === null || tensor.datatype === 'BYTES') return null;
    const { datatype, shape, data } = tensor;
    if (shape[0] !== count || data.length % count !== 0) return null;
    const bytes = data.length / count;
    return Array.from({ length: count }, (_, row) => ({
      datatype,
      shape: [1, ...shape.slice(1)],
      data: data.subarray(row * bytes, (row + 1) * bytes),
    }));
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
