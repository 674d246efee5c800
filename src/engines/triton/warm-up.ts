import type { Call } from '../../contracts/call.ts';
import type { EngineResult, LabelProbe, ReplicaCapabilities } from '../../contracts/engine.ts';
import type { LabelDistribution, LogprobRoute } from '../../domain/distribution.ts';
import type { Message } from '../../domain/item.ts';
import { idsOf, type LabelSet } from '../label-set.ts';
import type { Backend } from './backend.ts';
import { unfitFailure } from './failures.ts';
import type { Infer, LabelAnswer, LabelQuestion } from './label-question.ts';
import { resolveLabels } from './label-tokens.ts';
import { createRequestForm } from './request-form.ts';
import { createForcedQuestion, type ForcedSpelling } from './routes/forced-labels.ts';
import { createListedQuestion, LISTED } from './routes/listed-labels.ts';
import { createLogitsQuestion } from './routes/logits-labels.ts';
import type { ModelSignature } from './signature.ts';
import type { TextTokens } from './tokenizer.ts';

/** What the warm-up of labels may use. */
export interface LabelAccess {
  readonly backend: Backend;
  readonly signature: ModelSignature;
  readonly tokens: TextTokens | null;
  render(messages: readonly Message[]): string;
  readonly infer: Infer;
}

export interface WarmSet {
  readonly id: string;
  readonly question: LabelQuestion;
  readonly answer: LabelAnswer;
  /** Largest difference of a label's log-probability, in nats, between two identical calls. */
  readonly repeatError: number;
}

/**
 * Finds for one set of labels the best route that works, by trying, and asks twice: the second answer shows
 * whether numbers repeat.
 */
export async function warmSet(
  access: LabelAccess,
  probe: LabelProbe,
  call: Call,
): Promise<EngineResult<WarmSet>> {
  const prompt = access.render(probe.context);
  const set = resolveLabels(probe, prompt, access.tokens);
  if (!set.ok) return set;
  const chosen = await chooseRoute(access, probe, set.value, { prompt, call });
  if (!chosen.ok) return chosen;
  const { question, answer } = chosen.value;
  const again = await question.ask(prompt, call);
  if (!again.ok) return again;
  const repeatError = largestDifference(answer.distribution, again.value.distribution);
  return { ok: true, value: { id: probe.id, question, answer: again.value, repeatError } };
}

/** One token, to know that the model answers: a server calls a model ready whose process has died. */
export async function tryModel(
  { backend, signature, infer, render }: LabelAccess,
  call: Call,
): Promise<EngineResult<null>> {
  const { values, outputs } = backend.textRequest({ max_tokens: 1 }, signature);
  const form = createRequestForm(signature, values, outputs);
  const replies = await infer(form, [render([{ role: 'user', content: 'Hello' }])], call);
  return replies.ok ? { ok: true, value: null } : replies;
}

/** What the warm-up showed that a replica can do. What Triton passes on without a word is not tried. */
export function capabilitiesOf(
  sets: readonly WarmSet[],
  known: Pick<ReplicaCapabilities, 'tokenizer' | 'load' | 'labelBatch'>,
): ReplicaCapabilities {
  const routes = [...new Set(sets.map(({ question }) => question.route))];
  const isListed = routes.includes('label_ids') || routes.includes('top_logprobs');
  return {
    routes,
    topLogprobs: isListed ? LISTED : 0,
    promptArrays: false,
    structuredOutput: false,
    priority: false,
    cacheSalt: false,
    ...known,
  };
}

/** An answer in company may differ by this much from the one alone: a 16-bit engine's own noise is below it. */
const SAME = 0.03;

/** True when each set is answered in a batch as it is alone, and the answers stand where they belong. */
export async function tryRows(
  { render }: Pick<LabelAccess, 'render'>,
  probes: readonly LabelProbe[],
  sets: readonly WarmSet[],
  call: Call,
): Promise<boolean> {
  for (const [place, { question, answer }] of sets.entries()) {
    const prompt = render(probes[place]?.context ?? []);
    const rows = await question.askRows?.([prompt, `${prompt} `, prompt], call);
    if (rows?.ok !== true) return false;
    const [first, , last] = rows.value;
    if (first?.ok !== true || last?.ok !== true) return false;
    const alone = answer.distribution;
    if (![first, last].every(({ value }) => isSame(value.distribution, alone))) return false;
  }
  return sets.length > 0;
}

function isSame(one: LabelDistribution, other: LabelDistribution): boolean {
  return Object.keys(one.labels).every((name) => {
    const difference = (one.labels[name]?.probability ?? 0) - (other.labels[name]?.probability ?? 0);
    return Math.abs(difference) <= SAME;
  });
}

interface Example {
  readonly prompt: string;
  readonly call: Call;
}

async function chooseRoute(
  access: LabelAccess,
  probe: LabelProbe,
  set: LabelSet,
  example: Example,
): Promise<EngineResult<{ readonly question: LabelQuestion; readonly answer: LabelAnswer }>> {
  let refusal: EngineResult<never> | null = null;
  for (const route of access.backend.labelRoutes(access.signature, idsOf(set) !== null)) {
    const question = await prepare(access, { probe, set, route }, example);
    const answer = question.ok ? await question.value.ask(example.prompt, example.call) : question;
    if (!answer.ok) {
      if (answer.failure.code !== 'engine_rejected') return answer;
      // The last route asks for the least, so its refusal says best what is missing.
      refusal = answer;
    } else if (question.ok && (route !== 'label_ids' || answer.value.missing === 0)) {
      return { ok: true, value: { question: question.value, answer: answer.value } };
    }
  }
  return refusal ?? { ok: false, failure: NO_ROUTE };
}

const NO_ROUTE = unfitFailure(
  'the model gives no probabilities of tokens, so it cannot be a judge that reads labels; ' +
    'serve it with vllm_backend, or with TensorRT-LLM as an ensemble with return_generation_logits',
);

interface RouteChoice {
  readonly probe: LabelProbe;
  readonly set: LabelSet;
  readonly route: LogprobRoute;
}

async function prepare(
  access: LabelAccess,
  { probe, set, route }: RouteChoice,
  example: Example,
): Promise<EngineResult<LabelQuestion>> {
  const { signature, infer } = access;
  switch (route) {
    case 'label_ids':
    case 'top_logprobs':
      return { ok: true, value: createListedQuestion(signature, set, route, infer) };
    case 'generation_logits':
      return { ok: true, value: createLogitsQuestion(signature, set, infer) };
    case 'forced':
      return createForcedQuestion(access, set, spellingsOf(probe, set), example);
  }
}

function spellingsOf({ spellings }: LabelProbe, { names }: LabelSet): readonly ForcedSpelling[] {
  return names.flatMap((name, label) => (spellings[name] ?? []).map((text) => ({ label, text })));
}

/** Log-probabilities below this are noise in every float format. */
const SMALLEST = 1e-12;

function largestDifference(one: LabelDistribution, other: LabelDistribution): number {
  const logOf = (distribution: LabelDistribution, name: string): number =>
    Math.log(Math.max(SMALLEST, distribution.labels[name]?.probability ?? 0));
  return Math.max(
    0,
    ...Object.keys(one.labels).map((name) => Math.abs(logOf(one, name) - logOf(other, name))),
  );
}
