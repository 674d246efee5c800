import type { FakeInference } from './triton-server.ts';
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
const WORDS = [' good', ' fine', ' nice', ' well'];
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
    const sampling = JSON.parse(inference.text('sampling_parameters') ?? '{}') as Record<string, number>;
    if (promptTokens(prompt) > options.maxModelTokens) {
      inference.error(
        `Error generating stream: The decoder prompt (length ${promptTokens(prompt)}) is longer than the maximum model length of ${options.maxModelTokens}.`,
      );
      inference.end();
      return;
    }
    if ('logprob_token_ids' in sampling && !options.labelIds) {
      inference.error("Error generating stream: Unexpected keyword argument 'logprob_token_ids'");
      inference.end();
      return;
    }
    const { max_tokens: limit = 16, logprobs } = sampling;
    const length = sampling['ignore_eos'] ? limit : Math.min(limit, NATURAL_LENGTH);
    for (let produced = 0; produced < length; produced += 1) {
      await breathe();
      if (inference.cancelled) return;
      const logprobsNow = logSoftmax(toyLogits(prompt, produced));
      const token = likeliest(logprobsNow);
      const last = produced + 1 === length;
      const reason = last ? (length === limit ? 'length' : 'stop') : 'None';
      const listed =
        (sampling['logprob_token_ids'] as unknown as number[] | undefined) ?? top(logprobsNow, logprobs ?? 0);
      inference.send(
        [
          texts('text_output', tokenText(token)),
          texts('finish_reason', reason),
          ...(logprobs === undefined ? [] : [texts('logprobs', vllmList(token, listed, logprobsNow))]),
          uint32('num_input_tokens', promptTokens(prompt)),
          uint32('num_output_tokens', 1),
        ],
        last,
      );
    }
    inference.end();
  };
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
}

/** Answers as TensorRT-LLM's ensemble or BLS model does. */
export function ensembleToy(options: EnsembleToyOptions): (inference: FakeInference) => Promise<void> {
  return async (inference) => {
    const prompt = inference.text('text_input') ?? '';
    if (promptTokens(prompt) > options.maxModelTokens) {
      inference.error(
        `[request id: ${inference.request.id}] Prompt length (${promptTokens(prompt)}) exceeds maximum input length (${options.maxModelTokens})`,
      );
      inference.end();
      return;
    }
    const limit = inference.input('max_tokens')?.readInt32LE() ?? 0;
    const endless = inference.input('end_id')?.readInt32LE() === -1;
    const length = endless ? limit : Math.min(limit, NATURAL_LENGTH);
    const word = inference.text('embedding_bias_words');
    const weight = inference.input('embedding_bias_weights')?.readFloatLE() ?? 0;
    let whole = '';
    for (let produced = 0; produced < length; produced += 1) {
      await breathe();
      if (inference.cancelled) return;
      const raw = toyLogits(prompt, produced);
      const logits = raw.map((logit, id) => (tokenText(id) === word ? logit + weight : logit));
      const token = likeliest(logits);
      whole += tokenText(token);
      const last = produced + 1 === length;
      if (!options.streams && !last) continue;
      const told = { biased: logSoftmax(logits), raw: logSoftmax(raw), nonsense: [] }[options.tells];
      inference.send(
        [
          int32('num_output_tokens', produced + 1),
          floats('output_log_probs', [told[token] ?? -0.2 - weight / 9]),
          floats('generation_logits', options.logits ? raw : [0]),
          texts('text_output', options.streams && !options.accumulates ? tokenText(token) : whole),
          int32('num_input_tokens', promptTokens(prompt)),
        ],
        last && !options.streams,
      );
    }
    // BLS ends with an empty final reply.
    if (options.streams) inference.send([], true);
    inference.end();
  };
}
