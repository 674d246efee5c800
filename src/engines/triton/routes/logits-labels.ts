import type { EngineFailure, EngineResult } from '../../../contracts/engine.ts';
import type { LabelDistribution, LabelProbability } from '../../../domain/distribution.ts';
import { corruptFailure, garbageFailure } from '../../openai/failures.ts';
import type { LabelSet } from '../../label-set.ts';
import type { Infer, LabelAnswer, LabelQuestion } from '../label-question.ts';
import { BATCH_INDEX, type ReplyRow, rowsOf } from '../reply-rows.ts';
import { createRequestForm } from '../request-form.ts';
import type { ModelSignature } from '../signature.ts';
import { floatsOf } from '../tensor.ts';

/**
 * Labels from TensorRT-LLM's `generation_logits`: the model sends the logits of its whole vocabulary, and the
 * softmax over them gives every label exactly. The engine must have been built to gather them.
 */
export function createLogitsQuestion(signature: ModelSignature, set: LabelSet, infer: Infer): LabelQuestion {
  const values = {
    max_tokens: 1,
    temperature: 1,
    top_k: 1,
    return_generation_logits: true,
    return_num_input_tokens: true,
    return_num_output_tokens: true,
  };
  const form = createRequestForm(signature, values, OUTPUTS);
  const rowsForm = createRequestForm(signature, values, [...OUTPUTS, BATCH_INDEX]);
  const ask: LabelQuestion['ask'] = async (prompt, call) => {
    const replies = await infer(form, [prompt], call);
    if (!replies.ok) return replies;
    const [row] = rowsOf(replies.value, LOGITS, 1) ?? [];
    return row === undefined ? { ok: false, failure: NO_LOGITS } : readRow(set, row);
  };
  const askRows: NonNullable<LabelQuestion['askRows']> = async (prompts, call) => {
    const replies = await infer(rowsForm, prompts, call);
    if (!replies.ok) return replies;
    const rows = rowsOf(replies.value, LOGITS, prompts.length);
    if (rows === null) return { ok: false, failure: NO_ROWS };
    return { ok: true, value: rows.map((row) => readRow(set, row)) };
  };
  const question = { set, route: 'generation_logits', ask } as const;
  return signature.maxBatch > 1 ? { ...question, askRows } : question;
}

const LOGITS = 'generation_logits';
const OUTPUTS = ['text_output', LOGITS, 'num_input_tokens', 'num_output_tokens'];

/** 1 token was written, whether or not the model counts. */
function readRow(set: LabelSet, row: ReplyRow): EngineResult<LabelAnswer> {
  const logits = floatsOf(row.tensor);
  if (logits === null) return { ok: false, failure: NO_LOGITS };
  const distribution = readLogits(set, logits);
  if (!distribution.ok) return distribution;
  const { inputTokens, outputTokens, modelVersion } = row;
  const usage = { inputTokens: inputTokens ?? 0, cachedInputTokens: 0, outputTokens: outputTokens ?? 1 };
  return {
    ok: true,
    value: {
      distribution: distribution.value,
      missing: 0,
      usage,
      modelVersion,
      bytes: row.tensor.data.length,
    },
  };
}

/** `logits` are those of one position. Sums are kept in float64, whatever the tensor's type. */
export function readLogits(set: LabelSet, logits: ArrayLike<number>): EngineResult<LabelDistribution> {
  let highest = 0;
  for (const key of set.tokens.keys()) highest = Math.max(highest, Number(key));
  // Without logits to give, TensorRT-LLM fills the tensor with a single zero.
  if (logits.length <= highest) return { ok: false, failure: NO_LOGITS };
  let top = Number.NEGATIVE_INFINITY;
  for (let id = 0; id < logits.length; id += 1) {
    const logit = logits[id] ?? Number.NaN;
    if (logit > top) top = logit;
  }
  let total = 0;
  for (let id = 0; id < logits.length; id += 1) total += Math.exp((logits[id] ?? Number.NaN) - top);
  if (!Number.isFinite(total)) return { ok: false, failure: NOT_NUMBERS };
  const sums = set.names.map(() => 0);
  for (const [key, label] of set.tokens) {
    const logit = logits[Number(key)] ?? Number.NEGATIVE_INFINITY;
    sums[label] = (sums[label] ?? 0) + Math.exp(logit - top) / total;
  }
  const labels: Record<string, LabelProbability> = {};
  let mass = 0;
  for (const [position, name] of set.names.entries()) {
    const probability = Math.min(1, sums[position] ?? 0);
    labels[name] = { probability, atMost: probability };
    mass += probability;
  }
  return { ok: true, value: { labels, mass: Math.min(1, mass), route: 'generation_logits' } };
}

const NOT_NUMBERS: EngineFailure = corruptFailure('the engine computed logits that are no numbers (NaN)');

const NO_LOGITS: EngineFailure = {
  code: 'engine_rejected',
  message: 'the engine gives no generation_logits; build it with gather_generation_logits',
  sent: true,
  blamesReplica: false,
};

const NO_ROWS = garbageFailure('the engine did not answer each row of a batch once');
