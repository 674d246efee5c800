import { z } from 'zod';
import type { EngineFailure, EngineResult, LabelProbe, ReplicaReport } from '../../contracts/engine.ts';
import type { LabelDistribution, LogprobRoute } from '../../domain/distribution.ts';
import type { Message } from '../../domain/item.ts';
import type { LabelAnswer, LabelQuestionForm } from './distribution.ts';
import type { Flavour } from './flavour.ts';
import { idsByLabel, idsOf, type LabelSet } from '../label-set.ts';
import { resolveLabels } from './label-tokens.ts';
import { type AskJson, createTokenizer } from './tokenizer.ts';

/** What the warm-up may do to a replica. */
export interface WarmUpAccess {
  readonly flavour: Flavour;
  readonly model: string;
  readonly labelProbes: readonly LabelProbe[];
  readonly askJson: AskJson;
  prepare(set: LabelSet, route: LogprobRoute): LabelQuestionForm;
  askLabels(form: LabelQuestionForm, messages: readonly Message[]): Promise<EngineResult<LabelAnswer>>;
}

export interface WarmUp {
  readonly report: ReplicaReport;
  /** Per label set, how to ask for it from now on. */
  readonly forms: ReadonlyMap<string, LabelQuestionForm>;
}

/**
 * Makes a replica ready: finds its version and model, resolves the labels, and asks twice for each label
 * set. The first question for log-probabilities after an engine's start compiles kernels and blocks it for
 * seconds; the second shows whether numbers repeat. Which route works is found out by trying: an engine
 * that does not know `logprob_token_ids` ignores it, and then the ids are missing from its answer.
 */
export async function warmUp(access: WarmUpAccess): Promise<EngineResult<WarmUp>> {
  const version = await findVersion(access);
  if (!version.ok) return version;
  const card = await findModel(access);
  if (!card.ok) return card;
  const labels = await warmLabels(access);
  if (!labels.ok) return labels;
  const { warmed, forms } = labels.value;
  const [first] = warmed;
  return {
    ok: true,
    value: {
      forms,
      report: {
        model: access.model,
        version: version.value,
        fingerprint: first?.answer.fingerprint ?? null,
        maxModelTokens: card.value,
        route: first?.form.route ?? 'top_logprobs',
        labels: Object.fromEntries(warmed.map(({ id, form }) => [id, idsByLabel(form.set)])),
        finite: true,
        repeatError: Math.max(0, ...warmed.map((set) => set.repeatError)),
        reportsCachedTokens: first?.answer.reportsCached ?? false,
      },
    },
  };
}

const versionReply = z.object({ version: z.string().max(100) });

/** The first question to a replica, so that one which cannot be reached is known by it. */
async function findVersion({ flavour, askJson }: WarmUpAccess): Promise<EngineResult<string | null>> {
  if (!flavour.hasTokenizer) return { ok: true, value: null };
  const reply = await askJson('/version', null);
  if (reply.ok) return { ok: true, value: versionReply.safeParse(reply.value).data?.version ?? null };
  return reply.status === 0 ? { ok: false, failure: reply.failure } : { ok: true, value: null };
}

const modelList = z.object({
  data: z.array(z.object({ id: z.string(), max_model_len: z.int().min(1).nullish().catch(null) })),
});

/** The model's longest context, null when it is not told. A server without a list is taken at its word. */
async function findModel({ model, askJson }: WarmUpAccess): Promise<EngineResult<number | null>> {
  const reply = await askJson('/v1/models', null);
  if (!reply.ok) {
    return reply.status === 404 ? { ok: true, value: null } : { ok: false, failure: reply.failure };
  }
  const parsed = modelList.safeParse(reply.value);
  if (!parsed.success) return { ok: true, value: null };
  const cards = parsed.data.data;
  const card = cards.find(({ id }) => id === model);
  if (card !== undefined) return { ok: true, value: card.max_model_len ?? null };
  return {
    ok: false,
    failure: notServed(
      model,
      cards.map(({ id }) => id),
    ),
  };
}

const MOST_NAMES_SHOWN = 10;

/** Read by the operator in the log and in `assay doctor`, so it may say what is served instead. */
function notServed(model: string, served: readonly string[]): EngineFailure {
  const names = served.slice(0, MOST_NAMES_SHOWN).map((name) => JSON.stringify(name.slice(0, 100)));
  return {
    code: 'model_not_found',
    message: `the engine does not serve the model ${JSON.stringify(model)}; it serves ${names.join(', ') || 'none'}`,
    sent: false,
    blamesReplica: true,
  };
}

interface WarmLabels {
  readonly warmed: readonly WarmSet[];
  readonly forms: ReadonlyMap<string, LabelQuestionForm>;
}

interface WarmSet {
  readonly id: string;
  readonly form: LabelQuestionForm;
  readonly answer: LabelAnswer;
  readonly repeatError: number;
}

async function warmLabels(access: WarmUpAccess): Promise<EngineResult<WarmLabels>> {
  const { flavour, model, labelProbes, askJson } = access;
  const tokenizer = flavour.hasTokenizer ? createTokenizer(flavour, model, askJson) : null;
  const warmed: WarmSet[] = [];
  const forms = new Map<string, LabelQuestionForm>();
  for (const probe of labelProbes) {
    const set = await resolveLabels(probe, tokenizer);
    if (!set.ok) return set;
    const warm = await warmSet(access, probe, set.value);
    if (!warm.ok) return warm;
    warmed.push(warm.value);
    forms.set(probe.id, warm.value.form);
  }
  if (labelProbes.length > 0) return { ok: true, value: { warmed, forms } };
  // Nobody asks this engine for labels, but a caller may ask it for log-probabilities all the same.
  const plain = await access.askLabels(access.prepare(NO_LABELS, 'top_logprobs'), GREETING);
  // It may serve no chat at all (embeddings); that is no reason to keep it out.
  if (!plain.ok && plain.failure.code !== 'engine_rejected') return plain;
  return { ok: true, value: { warmed, forms } };
}

const NO_LABELS: LabelSet = { names: [], keyedBy: 'text', tokens: new Map(), counts: [] };
const GREETING: readonly Message[] = [{ role: 'user', content: 'Hello' }];

async function warmSet(
  access: WarmUpAccess,
  probe: LabelProbe,
  set: LabelSet,
): Promise<EngineResult<WarmSet>> {
  const chosen = await chooseRoute(access, probe, set);
  if (!chosen.ok) return chosen;
  const { form, answer } = chosen.value;
  const again = await access.askLabels(form, probe.context);
  if (!again.ok) return again;
  const repeatError = largestDifference(answer.distribution, again.value.distribution);
  // The second answer knows more: the first prompt may not have been in the engine's cache.
  return { ok: true, value: { id: probe.id, form, answer: again.value, repeatError } };
}

/** The best route of the flavour that gives what it should. */
async function chooseRoute(
  access: WarmUpAccess,
  probe: LabelProbe,
  set: LabelSet,
): Promise<EngineResult<{ readonly form: LabelQuestionForm; readonly answer: LabelAnswer }>> {
  let refusal: EngineResult<never> | null = null;
  for (const route of access.flavour.routes) {
    if (route === 'label_ids' && idsOf(set) === null) continue;
    const form = access.prepare(set, route);
    const answer = await access.askLabels(form, probe.context);
    if (!answer.ok) {
      if (answer.failure.code !== 'engine_rejected') return answer;
      refusal ??= answer;
    } else if (route !== 'label_ids' || answer.value.missing === 0) {
      return { ok: true, value: { form, answer: answer.value } };
    }
  }
  return refusal ?? { ok: false, failure: NO_ROUTE };
}

const NO_ROUTE: EngineFailure = {
  code: 'engine_rejected',
  message: 'the engine gives no log-probabilities of the label tokens',
  sent: true,
  blamesReplica: true,
};

/** Log-probabilities below this are noise in every float format. */
const SMALLEST = 1e-12;

function largestDifference(one: LabelDistribution, other: LabelDistribution): number {
  const logOf = (distribution: LabelDistribution, name: string): number =>
    Math.log(Math.max(SMALLEST, distribution.labels[name]?.probability ?? 0));
  const differences = Object.keys(one.labels).map((name) => Math.abs(logOf(one, name) - logOf(other, name)));
  return Math.max(0, ...differences);
}
