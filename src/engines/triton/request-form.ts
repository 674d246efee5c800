import type { ModelInferRequest } from './generated/inference/ModelInferRequest.ts';
import { type ModelSignature, TEXT_INPUT } from './signature.ts';
import { elementCount, encodeTensor, type TensorValue } from './tensor.ts';

/** A request that is complete but for its prompt: written once, sent many times. */
export interface RequestForm {
  readonly model: string;
  /** The prompt's tensor is the first. */
  readonly inputs: NonNullable<ModelInferRequest['inputs']>;
  readonly contents: readonly Buffer[];
  readonly outputs: NonNullable<ModelInferRequest['outputs']>;
}

/**
 * Encodes values by the datatypes that the model told. Inputs and outputs that it does not have are left
 * out: whoever cannot do without one asks the signature first. Outputs are always listed, as TensorRT-LLM
 * fills and sends all of them otherwise.
 */
export function createRequestForm(
  signature: ModelSignature,
  values: Readonly<Record<string, TensorValue | undefined>>,
  outputs: readonly string[],
): RequestForm {
  const inputs = [inputOf(signature, TEXT_INPUT, 'BYTES', 1)];
  const contents: Buffer[] = [];
  for (const [name, value] of Object.entries(values)) {
    const spec = signature.inputs.get(name);
    if (value === undefined || spec === undefined) continue;
    const data = encodeTensor(spec.datatype, value);
    if (data === null) continue;
    inputs.push(inputOf(signature, spec.wireName, spec.datatype, elementCount(value)));
    contents.push(data);
  }
  return {
    model: signature.model,
    inputs,
    contents,
    outputs: outputs.filter((name) => signature.outputs.has(name)).map((name) => ({ name })),
  };
}

function inputOf({ batched }: ModelSignature, name: string, datatype: string, elements: number): Input {
  return { name, datatype, shape: batched ? [1, elements] : [elements] };
}

type Input = NonNullable<ModelInferRequest['inputs']>[number];

/**
 * `timeoutMs` is told to Triton's queue, which drops the request after it where its policy allows. Several prompts
 * are the rows of one batch, and every other input is repeated for each; only a batched model takes them.
 */
export function fillRequest(
  form: RequestForm,
  prompts: readonly string[],
  id: string,
  timeoutMs: number,
): ModelInferRequest {
  const text = encodeTensor('BYTES', prompts) ?? Buffer.alloc(0);
  const rows = prompts.length;
  return {
    model_name: form.model,
    id,
    parameters: {
      // Without it a model that ends with an empty reply ends without any sign.
      triton_enable_empty_final_response: { bool_param: true },
      ...(Number.isFinite(timeoutMs) ? { timeout: { int64_param: Math.ceil(timeoutMs * 1_000) } } : {}),
    },
    inputs:
      rows === 1 ? form.inputs : form.inputs.map((input) => ({ ...input, shape: rowsShape(input, rows) })),
    outputs: form.outputs,
    raw_input_contents: [
      text,
      ...(rows === 1 ? form.contents : form.contents.map((one) => repeat(one, rows))),
    ],
  };
}

function rowsShape({ shape = [] }: Input, rows: number): (number | string)[] {
  return [rows, ...shape.slice(1).map(Number)];
}

function repeat(contents: Buffer, times: number): Buffer {
  return Buffer.concat(Array.from({ length: times }, () => contents));
}
