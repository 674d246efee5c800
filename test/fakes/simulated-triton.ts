import { writeFileSync } from 'node:fs';
import type { SimulatedJudge } from '../../src/contracts/simulator.ts';
import { ApiError } from '../../src/engines/simulator/api-error.ts';
import { completionSchema, planCompletion } from '../../src/engines/simulator/completion-request.ts';
import type { GenerationPlan, PlannedPrompt } from '../../src/engines/simulator/generation-plan.ts';
import { hashPrefix } from '../../src/engines/simulator/hash.ts';
import { vllmSkin } from '../../src/engines/simulator/skins/vllm.ts';
import { toyOpinion } from '../../src/engines/simulator/label-odds.ts';
import { toyScores } from '../../src/engines/simulator/score-odds.ts';
import { labelNext, plainNext } from '../../src/engines/simulator/language-model.ts';
import { isNumbered, numberedNext } from '../../src/engines/simulator/numbered-odds.ts';
import { AnswerWriter, type Piece } from '../../src/engines/simulator/sequence.ts';
import { tokenize, tokenText } from '../../src/engines/simulator/tokenizer.ts';
import { textOf, VOCABULARY_SIZE } from '../../src/engines/simulator/vocabulary.ts';
import { WORDS } from '../../src/engines/simulator/words.ts';
import { ENSEMBLE, VLLM_MODEL } from './triton-models.ts';
import { type FakeInference, type FakeTensor, type FakeTriton, startFakeTriton } from './triton-server.ts';
import { floats, int32, texts, uint32 } from './triton-tensors.ts';

/**
 * A gRPC skin of the simulated engine: the same toy language model, opinions and refusals as behind its HTTP
 * surface, under the signatures of vllm_backend and of TensorRT-LLM's ensemble.
 */
export function startSimulatedTriton(
  backend: 'vllm' | 'tensorrtllm',
  judge: SimulatedJudge,
): Promise<FakeTriton> {
  const context = {
    opinion: toyOpinion(judge),
    scores: toyScores(judge),
    maxModelTokens: 2048,
    labelIds: true,
    logprobs: vllmSkin.logprobs,
  };
  const answer = backend === 'vllm' ? answerAsVllm : answerAsEnsemble;
  return startFakeTriton({
    model: backend === 'vllm' ? VLLM_MODEL : ENSEMBLE,
    answer(inference) {
      try {
        const fields = backend === 'vllm' ? vllmFields(inference) : ensembleFields(inference);
        const body = completionSchema.parse({ prompt: inference.text('text_input'), ...fields });
        const { plan } = planCompletion(body, context);
        answer(inference, plan, plan.prompts[0]!);
      } catch (error) {
        inference.error(error instanceof ApiError ? JSON.stringify(error.body) : String(error));
      }
      inference.end();
    },
  });
}

function vllmFields(inference: FakeInference): object {
  return JSON.parse(inference.text('sampling_parameters') ?? '{}') as object;
}

/** A bias on a word falls on its first token. */
function ensembleFields(inference: FakeInference): object {
  const [biased] = tokenize(inference.text('embedding_bias_words') ?? '');
  const weight = inference.input('embedding_bias_weights')?.readFloatLE() ?? 0;
  return {
    max_tokens: inference.input('max_tokens')?.readInt32LE(),
    temperature: inference.input('top_k')?.readInt32LE() === 1 ? 0 : 1,
    ...(biased === undefined ? {} : { logit_bias: { [biased]: weight } }),
  };
}

function piecesOf(plan: GenerationPlan, prompt: PlannedPrompt): readonly Piece[] {
  const writer = new AnswerWriter(plan, prompt, 0);
  const pieces: Piece[] = [];
  for (;;) {
    const piece = writer.next(false);
    pieces.push(piece);
    if (piece.finish !== null) return pieces;
  }
}

function answerAsVllm(inference: FakeInference, plan: GenerationPlan, prompt: PlannedPrompt): void {
  for (const { text, logprobs, finish } of piecesOf(plan, prompt)) {
    const tensors: FakeTensor[] = [
      texts('text_output', text),
      texts('finish_reason', finish ?? 'None'),
      uint32('num_input_tokens', prompt.tokens.length),
      uint32('num_output_tokens', 1),
    ];
    if (logprobs !== null) {
      const entries = logprobs.listed.map(
        ({ id, logprob, text: token }) =>
          `"${id}": {"logprob": ${logprob}, "rank": 1, "decoded_token": ${JSON.stringify(token)}}`,
      );
      tensors.push(texts('logprobs', `[{${entries.join(', ')}}]`));
    }
    inference.send(tensors, finish !== null);
  }
}

function answerAsEnsemble(inference: FakeInference, plan: GenerationPlan, prompt: PlannedPrompt): void {
  const pieces = piecesOf(plan, prompt);
  const first =
    prompt.odds === null
      ? plainNext(hashPrefix(prompt.tokens), prompt.tokens.at(-1))
      : isNumbered(prompt.odds)
        ? numberedNext(prompt.odds, 0)
        : labelNext(prompt.odds);
  // The unbiased probabilities add up to 1, and each bias adds to one of them.
  let total = 1;
  for (const [id, weight] of plan.rules.bias) total += Math.exp(first.logprob(id)) * Math.expm1(weight);
  const id = pieces[0]!.id;
  const written = first.logprob(id) + (plan.rules.bias.get(id) ?? 0) - Math.log(total);
  const wantsLogits = inference.input('return_generation_logits')?.[0] === 1;
  const logits = wantsLogits ? Array.from({ length: VOCABULARY_SIZE }, (_, at) => first.logprob(at)) : [0];
  inference.send(
    [
      texts('text_output', pieces.map(({ text }) => text).join('')),
      floats('output_log_probs', [written]),
      floats('generation_logits', logits),
      int32('num_input_tokens', prompt.tokens.length),
      int32('num_output_tokens', pieces.length),
    ],
    true,
  );
}

/**
 * Writes the toy model's tokenizer.json: a pattern that cuts a text where the toy's own tokenizer does, and
 * the vocabulary. Texts outside ASCII, and pairs of letters that are also words, come out as other ids.
 */
export function writeToyTokenizer(path: string): void {
  const vocab: Record<string, number> = {};
  for (let id = 0; id < VOCABULARY_SIZE; id += 1) {
    const token = tokenText(id);
    if (token !== '') vocab[token] ??= id;
  }
  const marks = [0, 1, 2, 3, 4, 5].map((id) => textOf(id).replaceAll('|', String.raw`\|`)).join('|');
  const words = ['tie', ...WORDS].join('|');
  const pattern = `${marks}| [A-Z]| [0-9]| (?:${words})(?![a-z])| [a-z]{2}| [a-z]|[a-z]{3}|[a-z]{2}|[\\s\\S]`;
  writeFileSync(
    path,
    JSON.stringify({
      version: '1.0',
      added_tokens: [],
      normalizer: null,
      pre_tokenizer: { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false },
      post_processor: null,
      decoder: null,
      model: { type: 'BPE', vocab, merges: [], unk_token: null, ignore_merges: true },
    }),
  );
}
