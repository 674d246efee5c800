import type { EngineFailure, EngineResult, LabelProbe, ReplicaReport } from '../../contracts/engine.ts';
import type { LabelDistribution } from '../../domain/distribution.ts';
import type { Message } from '../../domain/item.ts';
import { findCapabilities } from './capabilities.ts';
import type { LabelAnswer, LabelQuestionForm, QuestionParts } from './distribution.ts';
import type { Flavour } from './flavour.ts';
import { idsByLabel, idsOf, type LabelSet } from '../label-set.ts';
import { resolveLabels } from './label-tokens.ts';
import { type BatchAnswer, LARGEST_BATCH } from './label-batch.ts';
import { findLoadedContext, findModel, findVersion } from './server-facts.ts';
import type { AskJson } from './tokenizer.ts';

/** What the warm-up may do to a replica. */
export interface WarmUpAccess {
  readonly flavour: Flavour;
  readonly model: string;
  readonly labelProbes: readonly LabelProbe[];
  readonly askJson: AskJson;
  /** True when the engine tells how busy it is. */
  tellsLoad(): Promise<boolean>;
  prepare(parts: QuestionParts): LabelQuestionForm;
  /** Of as many items as the form is for. */
  askLabels(form: LabelQuestionForm, messages: readonly Message[]): Promise<EngineResult<LabelAnswer>>;
  /** Several at once; null from a flavour that has no such request. */
  askBatch(
    form: LabelQuestionForm,
    conversations: readonly (readonly Message[])[],
  ): Promise<EngineResult<BatchAnswer> | null>;
}

export interface WarmUp {
  readonly report: ReplicaReport;
  /** Per label set, how to ask for it from now on. */
  readonly forms: ReadonlyMap<string, LabelQuestionForm>;
  /** How several questions are answered at once; null where each needs a call of its own. */
  readonly batch: { readonly tellsCachedTokens: boolean } | null;
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
  const routes = [...new Set(warmed.map(({ form }) => form.route))];
  const capabilities = await findCapabilities(access, routes);
  if (!capabilities.ok) return capabilities;
  const batch = await tryBatches(access, warmed);
  const [first] = warmed;
  return {
    ok: true,
    value: {
      forms,
      batch,
      report: {
        model: access.model,
        version: version.value,
        fingerprint: first?.answer.fingerprint ?? null,
        maxModelTokens: card.value ?? (await findLoadedContext(access)),
        route: first?.form.route ?? null,
        labels: Object.fromEntries(warmed.map(({ id, form }) => [id, idsByLabel(form.set)])),
        finite: true,
        repeatError: Math.max(0, ...warmed.map((set) => set.repeatError)),
        reportsCachedTokens: first?.answer.reportsCached ?? false,
        capabilities: { ...capabilities.value, labelBatch: batch === null ? 0 : LARGEST_BATCH },
      },
    },
  };
}

/** An answer in company may differ by this much from the one alone: a 16-bit engine's own noise is below it. */
const SAME = 0.03;

/** Not null when each label set is answered in company as it is alone, and the answers stand where they belong. */
async function tryBatches(access: WarmUpAccess, warmed: readonly WarmSet[]): Promise<WarmUp['batch']> {
  let tellsCachedTokens = true;
  const single = warmed.filter(({ form }) => form.numbered === undefined);
  for (const { form, answer, context } of single) {
    const batch = await access.askBatch(form, [context, GREETING, context]);
    if (batch?.ok !== true) return null;
    const { answers, reportsCached } = batch.value;
    const [first, , last] = answers;
    if (first?.ok !== true || last?.ok !== true) return null;
    if (![first, last].every(({ value }) => isSame(value.distribution, answer.distribution))) return null;
    tellsCachedTokens &&= reportsCached;
  }
  return single.length === 0 ? null : { tellsCachedTokens };
}

function isSame(one: LabelDistribution, other: LabelDistribution): boolean {
  return Object.keys(one.labels).every((name) => {
    const difference = (one.labels[name]?.probability ?? 0) - (other.labels[name]?.probability ?? 0);
    return Math.abs(difference) <= SAME;
  });
}

interface WarmLabels {
  readonly warmed: readonly WarmSet[];
  readonly forms: ReadonlyMap<string, LabelQuestionForm>;
}

interface WarmSet {
  readonly id: string;
  readonly form: LabelQuestionForm;
  readonly answer: LabelAnswer;
  /** The probe's own conversation. */
  readonly context: readonly Message[];
  readonly repeatError: number;
}

async function warmLabels(access: WarmUpAccess): Promise<EngineResult<WarmLabels>> {
  const { flavour, model, labelProbes, askJson } = access;
  const tokenizer = flavour.createTokenizer?.(flavour.templateFields, askJson, model) ?? null;
  const warmed: WarmSet[] = [];
  const forms = new Map<string, LabelQuestionForm>();
  for (const probe of labelProbes) {
    // Of an answer that numbers its labels the words between them are read too: its tokens are known by text.
    const set = await resolveLabels(probe, probe.numbered === undefined ? tokenizer : null);
    if (!set.ok) return set;
    const warm = await warmSet(access, probe, set.value);
    if (!warm.ok) return warm;
    warmed.push(warm.value);
    forms.set(probe.id, warm.value.form);
  }
  if (labelProbes.length > 0) return { ok: true, value: { warmed, forms } };
  // Nobody asks this engine for labels, but a caller may ask it for log-probabilities all the same.
  const plain = await access.askLabels(access.prepare(PLAIN), GREETING);
  // It may serve no chat at all (embeddings); that is no reason to keep it out.
  if (!plain.ok && plain.failure.code !== 'engine_rejected') return plain;
  return { ok: true, value: { warmed, forms } };
}

const NO_LABELS: LabelSet = { names: [], keyedBy: 'text', tokens: new Map(), counts: [] };
const PLAIN: QuestionParts = { set: NO_LABELS, route: 'top_logprobs', templateFields: {} };
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
  return {
    ok: true,
    value: { id: probe.id, form, answer: again.value, context: probe.context, repeatError },
  };
}

/** The best route of the flavour that gives what it should. */
async function chooseRoute(
  access: WarmUpAccess,
  probe: LabelProbe,
  set: LabelSet,
): Promise<EngineResult<{ readonly form: LabelQuestionForm; readonly answer: LabelAnswer }>> {
  let refusal: EngineFailure | null = null;
  for (const form of formsFor(access, set, probe.numbered)) {
    const answer = await access.askLabels(form, probe.context);
    if (!answer.ok) {
      if (answer.failure.code !== 'engine_rejected') return answer;
      refusal ??= answer.failure;
    } else if (form.route !== 'label_ids' || answer.value.missing === 0) {
      return { ok: true, value: { form, answer: answer.value } };
    }
  }
  return { ok: false, failure: cannotJudge(refusal) };
}

/** The ways to ask, the best first. An engine may refuse template fields that its model's template ignores. */
function formsFor(
  { flavour, prepare }: WarmUpAccess,
  set: LabelSet,
  numbered: number | undefined,
): LabelQuestionForm[] {
  const routes = flavour.routes.filter((route) => route !== 'label_ids' || idsOf(set) !== null);
  const isPlain = Object.keys(flavour.templateFields).length === 0;
  const templates = isPlain ? [{}] : [flavour.templateFields, {}];
  return templates.flatMap((templateFields) =>
    routes.map((route) => prepare({ set, route, templateFields, numbered })),
  );
}

function cannotJudge(refusal: EngineFailure | null): EngineFailure {
  const reason = refusal === null ? '' : `: ${refusal.message}`;
  return {
    code: 'engine_rejected',
    message: `the engine gives no log-probabilities of the label tokens, so it cannot judge${reason}`,
    sent: true,
    blamesReplica: true,
  };
}

/** Log-probabilities below this are noise in every float format. */
const SMALLEST = 1e-12;

function largestDifference(one: LabelDistribution, other: LabelDistribution): number {
  const logOf = (distribution: LabelDistribution, name: string): number =>
    Math.log(Math.max(SMALLEST, distribution.labels[name]?.probability ?? 0));
  const differences = Object.keys(one.labels).map((name) => Math.abs(logOf(one, name) - logOf(other, name)));
  return Math.max(0, ...differences);
}
