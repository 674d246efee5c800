import type { FakeInference, FakeTensor } from './triton-server.ts';
import { floats, int32, texts, uint32 } from './triton-tensors.ts';

/**
 * A toy model behind the signatures of Triton's backends. Its tokens are those of the tests' tokenizer, and
 * four words behind them. What it thinks of A and B depends on the prompt; a text goes on as long as asked.
 */
export interface ToyOptions {
  readonly maxModelTokens: number;
  /** The vLLM inside knows `logprob_token_ids`. */
  readonly labelIds: boolean;
}

const A = 34;
const B = 35;
const SPACE_A = 96;
const SPACE_B = 97;
export const WORDS = [' good', ' fine', ' nice', ' well'];
const FIRST_WORD = 98;
const VOCABULARY = FIRST_WORD + WORDS.length;
const NATURAL_LENGTH = 6;

export function tokenText(id: number): string {
  if (id >= FIRST_WORD) return WORDS[id - FIRST_WORD] ?? '';
  if (id === SPACE_A || id === SPACE_B) return id === SPACE_A ? ' A' : ' B';
  return id === 0 ? '\n' : String.fromCharCode(31 + id);
}

/** Logits of the next token: of the first one when `produced` is 0. */
export function toyLogits(prompt: string, produced: number): number[] {
  const logits = Array.from({ length: VOCABULARY }, (_, id) => -10 - (id % 7) / 10);
  if (produced === 0) {
    let hash = 0;
    for (const char of prompt) hash = (hash * 31 + char.charCodeAt(0)) % 1009;
    const lean = hash / 1009 - 0.5;
    for (const [id, logit] of [
      [A, 2 + lean],
      [B, 2 - lean],
      [SPACE_A, 1 + lean],
      [SPACE_B, 1 - lean],
    ] as const) {
      logits[id] = logit;
    }
    logits[FIRST_WORD] = 0.5;
  } else {
    WORDS.forEach((_, at) => (logits[FIRST_WORD + at] = (produced * 7 + at * 3) % 5));
  }
  return logits;
}

export function logSoftmax(logits: readonly number[]): number[] {
  const top = Math.max(...logits);
  const total = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - top), 0));
  return logits.map((logit) => logit - top - total);
}

function likeliest(logits: readonly number[]): number {
  return logits.indexOf(Math.max(...logits));
}

const promptTokens = (prompt: string): number => Math.ceil(prompt.length / 3);

/** Lets cancels and other requests in between two tokens. */
const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Answers as Triton's vllm_backend does. */
export function vllmToy(options: ToyOptions): (inference: FakeInference) => Promise<void> {
  return async (inference) => {
    const prompt = inference.text('text_input') ?? '';
    const sampling = JSON.parse(inference.text('sampling_parameters') ?? '{}') as ToySampling;
    const refusal = vllmRefusal(options, prompt, sampling);
    if (refusal !== null) {
      inference.error(`Error generating stream: ${refusal}`);
      inference.end();
      return;
    }
    const limit = sampling.max_tokens ?? 16;
    const length = sampling.ignore_eos === true ? limit : Math.min(limit, NATURAL_LENGTH);
    for (let produced = 0; produced < length; produced += 1) {
      await breathe();
      if (inference.cancelled) return;
      const last = produced + 1 === length;
      const reason = length === limit ? 'length' : 'stop';
      inference.send(vllmPiece(prompt, produced, sampling, last ? reason : 'None'), last);
    }
    inference.end();
  };
}

interface ToySampling {
  readonly max_tokens?: number;
  readonly ignore_eos?: boolean;
  readonly logprobs?: number;
  readonly logprob_token_ids?: readonly number[];
}

function vllmRefusal(
  { maxModelTokens, labelIds }: ToyOptions,
  prompt: string,
  { logprob_token_ids: ids }: ToySampling,
): string | null {
  const length = promptTokens(prompt);
  if (length > maxModelTokens) {
    return `The decoder prompt (length ${length}) is longer than the maximum model length of ${maxModelTokens}.`;
  }
  return ids !== undefined && !labelIds ? "Unexpected keyword argument 'logprob_token_ids'" : null;
}

function vllmPiece(
  prompt: string,
  produced: number,
  { logprobs: count, logprob_token_ids: ids }: ToySampling,
  reason: string,
): FakeTensor[] {
  const logprobs = logSoftmax(toyLogits(prompt, produced));
  const token = likeliest(logprobs);
  const pieces = [
    texts('text_output', tokenText(token)),
    texts('finish_reason', reason),
    uint32('num_input_tokens', promptTokens(prompt)),
    uint32('num_output_tokens', 1),
  ];
  if (count !== undefined)
    pieces.push(texts('logprobs', vllmList(token, ids ?? top(logprobs, count), logprobs)));
  return pieces;
}

function top(logprobs: readonly number[], count: number): number[] {
  return [...logprobs.keys()].sort((one, other) => logprobs[other]! - logprobs[one]!).slice(0, count);
}

/** The sampled token first, then the others, as Python writes it. */
function vllmList(sampled: number, listed: readonly number[], logprobs: readonly number[]): string {
  const ids = [sampled, ...listed.filter((id) => id !== sampled)];
  const entries = ids.map(
    (id, at) =>
      `"${id}": {"logprob": ${logprobs[id]}, "rank": ${at + 1}, "decoded_token": ${JSON.stringify(tokenText(id))}}`,
  );
  return `[{${entries.join(', ')}}]`;
}

/** What the ensemble toy gives beside texts. */
export interface EnsembleToyOptions {
  readonly maxModelTokens: number;
  /** Built with gather_generation_logits. */
  readonly logits: boolean;
  /** What `output_log_probs` tells under a bias. */
  readonly tells: 'biased' | 'raw' | 'nonsense';
  readonly streams: boolean;
  readonly accumulates: boolean;
  /** How it answers several prompts: with one reply of so many rows, or with a reply for each, the last first. */
  readonly rows?: 'stacked' | 'each';
}

/** Answers as TensorRT-LLM's ensemble or BLS model does. */
export function ensembleToy(options: EnsembleToyOptions): (inference: FakeInference) => Promise<void> {
  return async (inference) => {
    const prompt = inference.text('text_input') ?? '';
    if (promptTokens(prompt) > options.maxModelTokens) {
      const numbers = `(${promptTokens(prompt)}) exceeds maximum input length (${options.maxModelTokens})`;
      inference.error(`Encountered an error in execution: Prompt length ${numbers}.`);
      inference.end();
      return;
    }
    if (inference.texts('text_input').length > 1) return answerRows(options, inference);
    const length = ensembleLength(inference);
    let text = '';
    for (let produced = 0; produced < length; produced += 1) {
      await breathe();
      if (inference.cancelled) return;
      const { token, tensors } = ensembleStep(options, inference, prompt, produced);
      text = options.accumulates || !options.streams ? text + tokenText(token) : tokenText(token);
      const last = produced + 1 === length;
      if (options.streams || last)
        inference.send([texts('text_output', text), ...tensors], last && !options.streams);
    }
    // BLS ends with an empty final reply.
    if (options.streams) inference.send([], true);
    inference.end();
  };
}

/** Several prompts at once; the first token of each is all that is asked for. */
async function answerRows(options: EnsembleToyOptions, inference: FakeInference): Promise<void> {
  const prompts = inference.texts('text_input');
  await breathe();
  if (inference.cancelled) return;
  const rows = prompts.map((prompt) => {
    const { token, tensors } = ensembleStep(options, inference, prompt, 0);
    return [texts('text_output', tokenText(token)), ...tensors];
  });
  if (options.rows === 'each') {
    for (const [place, row] of [...rows.entries()].toReversed()) {
      inference.send([...row, int32('batch_index', place)], place === 0);
    }
  } else {
    const [first = []] = rows;
    const stacked = first.map(({ name, datatype, shape }) => ({
      name,
      datatype,
      shape: [prompts.length, ...shape.slice(1)],
      data: Buffer.concat(rows.map((row) => row.find((each) => each.name === name)?.data ?? Buffer.alloc(0))),
    }));
    inference.send(stacked, true);
  }
  inference.end();
}

function ensembleLength(inference: FakeInference): number {
  const limit = inference.input('max_tokens')?.readInt32LE() ?? 0;
  const endless = inference.input('end_id')?.readInt32LE() === -1;
  return endless ? limit : Math.min(limit, NATURAL_LENGTH);
}

function ensembleStep(
  { tells, logits: gathers }: EnsembleToyOptions,
  inference: FakeInference,
  prompt: string,
  produced: number,
): { token: number; tensors: FakeTensor[] } {
  const word = inference.text('embedding_bias_words');
  const weight = inference.input('embedding_bias_weights')?.readFloatLE() ?? 0;
  const raw = toyLogits(prompt, produced);
  const biased = raw.map((logit, id) => (tokenText(id) === word ? logit + weight : logit));
  const token = likeliest(biased);
  const told = { biased: logSoftmax(biased), raw: logSoftmax(raw), nonsense: [] }[tells];
  return {
    token,
    tensors: [
      int32('num_output_tokens', produced + 1),
      floats('output_log_probs', [told[token] ?? -0.2 - weight / 9]),
      floats('generation_logits', gathers ? raw : [0]),
      int32('num_input_tokens', promptTokens(prompt)),
    ],
  };
}

/** Answers as TensorRT-LLM's LLM API model does: texts alone, and as long as it may. */
export function llmapiToy({ maxModelTokens }: Pick<ToyOptions, 'maxModelTokens'>) {
  return async (inference: FakeInference): Promise<void> => {
    const prompt = inference.text('text_input') ?? '';
    const length = inference.input('sampling_param_max_tokens')?.readInt32LE() ?? 0;
    const total = promptTokens(prompt);
    if (total > maxModelTokens) {
      inference.error(`The prompt length (${total}) should not exceed max_seq_len (${maxModelTokens})`);
      inference.end();
      return;
    }
    for (let produced = 0; produced < length; produced += 1) {
      await breathe();
      if (inference.cancelled) return;
      const last = produced + 1 === length;
      const text = tokenText(likeliest(toyLogits(prompt, produced)));
      inference.send([texts('text_output', text), texts('finish_reason', last ? 'length' : 'None')], last);
    }
    inference.end();
  };
}
