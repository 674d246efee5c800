import type { ReplyTensors } from './reply-tensors.ts';
import { firstNumber, type Tensor } from './tensor.ts';

/** One question's part of the replies to a batch. */
export interface ReplyRow {
  readonly tensor: Tensor;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly modelVersion: string | null;
}

/** The output that says which row of a request a reply belongs to (TensorRT-LLM). */
export const BATCH_INDEX = 'batch_index';

/**
 * The tensor `name` for each of `count` rows of a request, in the order of the prompts. Models answer a batch
 * with one reply whose tensors have a row for each, or with a reply for each that tells its row. Null for
 * anything else: an answer that cannot be told apart is nobody's.
 */
export function rowsOf(
  replies: readonly ReplyTensors[],
  name: string,
  count: number,
): readonly ReplyRow[] | null {
  const whole = replies.filter((reply) => reply.tensor(name) !== null);
  const [first] = whole;
  if (first === undefined) return null;
  if (count === 1) return [rowOf(first, name)].filter((row) => row !== null);
  return whole.length === 1 ? rowsOfOne(first, name, count) : rowsOfMany(whole, name, count);
}

function rowsOfOne(reply: ReplyTensors, name: string, count: number): readonly ReplyRow[] | null {
  const rows = reply.rows(name, count);
  if (rows === null) return null;
  const input = reply.rows('num_input_tokens', count);
  const output = reply.rows('num_output_tokens', count);
  return rows.map((tensor, row) => ({
    tensor,
    inputTokens: numberOf(input?.[row]),
    outputTokens: numberOf(output?.[row]),
    modelVersion: reply.modelVersion,
  }));
}

function rowsOfMany(
  replies: readonly ReplyTensors[],
  name: string,
  count: number,
): readonly ReplyRow[] | null {
  if (replies.length !== count) return null;
  const found = new Map<number | null, ReplyRow>();
  for (const reply of replies) {
    const row = rowOf(reply, name);
    if (row !== null) found.set(reply.number(BATCH_INDEX), row);
  }
  const ordered = Array.from({ length: count }, (_, row) => found.get(row));
  return ordered.every((row) => row !== undefined) ? ordered : null;
}

/** A reply that is one row. */
function rowOf(reply: ReplyTensors, name: string): ReplyRow | null {
  const tensor = reply.tensor(name);
  return tensor === null
    ? null
    : {
        tensor,
        inputTokens: reply.number('num_input_tokens'),
        outputTokens: reply.number('num_output_tokens'),
        modelVersion: reply.modelVersion,
      };
}

function numberOf(tensor: Tensor | undefined): number | null {
  return tensor === undefined ? null : firstNumber(tensor);
}
