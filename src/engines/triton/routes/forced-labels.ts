import type { Call } from '../../../contracts/call.ts';
import type { EngineFailure, EngineResult } from '../../../contracts/engine.ts';
import { NO_USAGE, type Usage } from '../../../domain/cost.ts';
import type { LabelDistribution, LabelProbability } from '../../../domain/distribution.ts';
import { corruptFailure } from '../../openai/failures.ts';
import type { LabelSet } from '../../label-set.ts';
import { type Infer, type LabelAnswer, type LabelQuestion, usageOf } from '../label-question.ts';
import { createRequestForm, type RequestForm } from '../request-form.ts';
import type { ModelSignature } from '../signature.ts';
import { floatsOf } from '../tensor.ts';
import { type BiasEffect, boundBelow, calibrate, unbiased } from './bias.ts';

/** One spelling of one label: position in the set's names, and the text. */
export interface ForcedSpelling {
  readonly label: number;
  readonly text: string;
}

/**
 * Weight added to the logit of a spelling. Large enough that every label above 1 % is written, small enough
 * that the rest of the distribution is not lost in the rounding of a float32.
 */
const WEIGHT = 5;

/**
 * Labels by one request per spelling, for models that tell nothing but the probability of the token that
 * they wrote. Each request raises the spelling by `embedding_bias_words` and reads its probability from
 * `output_log_probs`; what the bias did to that number is found out at warm-up and taken out of it. A
 * spelling that is not written in spite of the bias is a bound.
 */
export async function createForcedQuestion(
  { signature, infer }: { readonly signature: ModelSignature; readonly infer: Infer },
  set: LabelSet,
  spellings: readonly ForcedSpelling[],
  example: { readonly prompt: string; readonly call: Call },
): Promise<EngineResult<LabelQuestion>> {
  const force = (text: string, weight: number): Forcing => ({
    text,
    weight,
    form: forcedForm(signature, text, weight),
  });
  const { prompt, call } = example;
  const forcings = spellings.map(({ text }) => force(text, WEIGHT));
  const seen = await askAll(forcings, infer, prompt, call);
  if (!seen.ok) return seen;
  const distinct = distinctSpellings(spellings, seen.value);
  const clearest = leastSure(distinct, seen.value);
  if (clearest === null) return { ok: false, failure: NOTHING_WRITTEN };
  const first = seen.value[clearest]?.written ?? 1;
  // Near 1 nothing can be told apart, so a label that sure is held down instead.
  const weight = first > 0.999 ? -1 : WEIGHT + 3;
  const again = await askOne(force(spellings[clearest]?.text ?? '', weight), infer, prompt, call);
  if (!again.ok) return again;
  const effect = calibrate(first, WEIGHT, again.value.written, weight);
  if (effect === null) return { ok: false, failure: NO_EFFECT };
  const kept = distinct.flatMap((position) => {
    const spelling = spellings[position];
    const forcing = forcings[position];
    return spelling === undefined || forcing === undefined ? [] : [{ ...forcing, label: spelling.label }];
  });
  return { ok: true, value: questionOf(set, kept, effect, infer) };
}

interface Forcing {
  readonly text: string;
  readonly weight: number;
  readonly form: RequestForm;
}

interface Forced {
  /** Probability that the engine told of the spelling; null when it wrote something else. */
  readonly written: number | null;
  readonly text: string;
  readonly usage: Usage;
  readonly modelVersion: string | null;
}

function questionOf(
  set: LabelSet,
  forcings: readonly (Forcing & { readonly label: number })[],
  effect: BiasEffect,
  infer: Infer,
): LabelQuestion {
  return {
    set,
    route: 'forced',
    async ask(prompt, call) {
      const forced = await askAll(forcings, infer, prompt, call);
      if (!forced.ok) return forced;
      const sums = set.names.map(() => ({ probability: 0, atMost: 0 }));
      let missing = 0;
      for (const [position, { label }] of forcings.entries()) {
        const sum = sums[label];
        const written = forced.value[position]?.written ?? null;
        if (sum === undefined) continue;
        if (written === null) missing += 1;
        const probability = written === null ? 0 : unbiased(effect, written, WEIGHT);
        sum.probability += probability;
        sum.atMost += written === null ? boundBelow(WEIGHT) : probability;
      }
      return { ok: true, value: answerOf(set, sums, forced.value, missing) };
    },
  };
}

function answerOf(
  set: LabelSet,
  sums: readonly LabelProbability[],
  forced: readonly Forced[],
  missing: number,
): LabelAnswer {
  const labels: Record<string, LabelProbability> = {};
  let mass = 0;
  for (const [position, name] of set.names.entries()) {
    const probability = Math.min(1, sums[position]?.probability ?? 0);
    labels[name] = { probability, atMost: Math.min(1, sums[position]?.atMost ?? 0) };
    mass += probability;
  }
  const distribution: LabelDistribution = { labels, mass: Math.min(1, mass), route: 'forced' };
  const usage = forced.reduce((sum, each) => addUsage(sum, each.usage), NO_USAGE);
  return { distribution, usage, missing, modelVersion: forced[0]?.modelVersion ?? null };
}

function forcedForm(signature: ModelSignature, text: string, weight: number): RequestForm {
  return createRequestForm(
    signature,
    {
      max_tokens: 1,
      temperature: 1,
      top_k: 1,
      embedding_bias_words: [text],
      embedding_bias_weights: [weight],
      return_log_probs: true,
      return_num_input_tokens: true,
      return_num_output_tokens: true,
      exclude_input_in_output: true,
    },
    ['text_output', 'output_log_probs', 'num_input_tokens', 'num_output_tokens'],
  );
}

async function askAll(
  forcings: readonly Forcing[],
  infer: Infer,
  prompt: string,
  call: Call,
): Promise<EngineResult<readonly Forced[]>> {
  const answers = await Promise.all(forcings.map((forcing) => askOne(forcing, infer, prompt, call)));
  const forced: Forced[] = [];
  for (const answer of answers) {
    if (!answer.ok) return answer;
    forced.push(answer.value);
  }
  return { ok: true, value: forced };
}

async function askOne(
  { form, text }: Forcing,
  infer: Infer,
  prompt: string,
  call: Call,
): Promise<EngineResult<Forced>> {
  const replies = await infer(form, [prompt], call);
  if (!replies.ok) return replies;
  const reply = replies.value.find((each) => each.tensor('output_log_probs') !== null);
  const tensor = reply?.tensor('output_log_probs') ?? null;
  const logprob = tensor === null ? undefined : floatsOf(tensor)?.[0];
  if (reply === undefined || logprob === undefined) return { ok: false, failure: NO_LOGPROBS };
  if (Number.isNaN(logprob) || logprob > 0.01) return { ok: false, failure: NOT_NUMBERS };
  const written = reply.text('text_output') ?? '';
  // Decoding one token alone may lose the space in front of it.
  const isSpelling = written.trim() === text.trim();
  return {
    ok: true,
    value: {
      written: isSpelling ? Math.min(1, Math.exp(logprob)) : null,
      text: written,
      usage: usageOf(reply),
      modelVersion: reply.modelVersion,
    },
  };
}

/** Two spellings of a label closer than this, in nats, and written alike, are one token. */
const SAME_TOKEN = 0.05;

/** Positions of the spellings without those that are the same token as one before: it would count twice. */
function distinctSpellings(spellings: readonly ForcedSpelling[], forced: readonly Forced[]): number[] {
  return [...spellings.keys()].filter((position) => {
    const own = forced[position];
    return !spellings.slice(0, position).some((other, before) => {
      const earlier = forced[before];
      return other.label === spellings[position]?.label && isSameToken(own, earlier);
    });
  });
}

function isSameToken(one: Forced | undefined, other: Forced | undefined): boolean {
  if (one === undefined || other === undefined || one.written === null || other.written === null)
    return false;
  return one.text === other.text && Math.abs(Math.log(one.written / other.written)) < SAME_TOKEN;
}

/** The spelling that was written with the least certainty; null when none was. */
function leastSure(positions: readonly number[], forced: readonly Forced[]): number | null {
  let least: number | null = null;
  let probability = Number.POSITIVE_INFINITY;
  for (const position of positions) {
    const written = forced[position]?.written ?? null;
    if (written === null || written >= probability) continue;
    least = position;
    probability = written;
  }
  return least;
}

function addUsage(one: Usage, other: Usage): Usage {
  return {
    inputTokens: one.inputTokens + other.inputTokens,
    cachedInputTokens: one.cachedInputTokens + other.cachedInputTokens,
    outputTokens: one.outputTokens + other.outputTokens,
  };
}

function unusable(message: string): EngineFailure {
  return { code: 'engine_rejected', message, sent: true, blamesReplica: true };
}

const NO_LOGPROBS = unusable('the engine answered without output_log_probs, so no label can be read from it');
const NOTHING_WRITTEN = unusable(
  'the engine writes none of the labels even when they are raised by embedding_bias_words; ' +
    'check the chat template and the labels, or give the engine a tokenizer for generation_logits',
);
const NO_EFFECT = unusable(
  'the probabilities that the engine tells do not follow the bias that it is given, so no label can be read',
);
const NOT_NUMBERS = corruptFailure('the engine computed log-probabilities that are no numbers (NaN)');
