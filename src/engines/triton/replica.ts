import type { Call } from '../../contracts/call.ts';
import type { Clock } from '../../contracts/clock.ts';
import type {
  DistributionReply,
  EngineResult,
  GenerationEvent,
  GenerationRequest,
  LabelBatches,
  LabelProbe,
  Replica,
  ReplicaCapabilities,
  ReplicaLoad,
  ReplicaReport,
} from '../../contracts/engine.ts';
import { idsByLabel } from '../label-set.ts';
import { type BackendName, BACKENDS } from './backends.ts';
import { type ChatTemplateName, renderChat } from './chat-template.ts';
import { ChunkWriter } from './chunk-writer.ts';
import { unfitFailure } from './failures.ts';
import { startGeneration } from './generation.ts';
import { planGeneration } from './generation-plan.ts';
import { inferWhole } from './inference.ts';
import { type KnownModel, learnModel, meetServer } from './known-model.ts';
import { createKserve, type Kserve } from './kserve.ts';
import { createLabelBatches, mostRows } from './label-batches.ts';
import { readLoad } from './load.ts';
import { createMetricsPage, type MetricsPage } from './metrics-page.ts';
import type { Infer, LabelAnswer, LabelQuestion } from './label-question.ts';
import { fillRequest } from './request-form.ts';
import { capabilitiesOf, type LabelAccess, tryModel, tryRows, type WarmSet, warmSet } from './warm-up.ts';
import { failed, NOT_WARM, ONE_LABEL, TOO_LATE, unknownLabels } from '../replica-failures.ts';

/**
 * One address of a Triton server and one model on it, over KServe v2 gRPC. This folder owns that wire: the
 * connection, tensors and their encoding, one stream per request, what Triton's errors mean (`failures.ts`),
 * the kinds of models (`backends/`), and how label probabilities are read (`routes/`). It refuses to guess:
 * a stream without its end, a number that is none and an answer of unknown length are failures.
 */
export interface TritonReplicaOptions {
  /** `grpc://host:port`, or `grpcs://` for TLS. */
  readonly url: string;
  readonly model: string;
  readonly backend: BackendName;
  /** Triton takes texts: the chat format that the model was trained with. */
  readonly chatTemplate: ChatTemplateName;
  /** Path of the model's tokenizer.json; without it labels are known by their texts only. */
  readonly tokenizer?: string;
  /** Longest context in tokens, for the report; Triton does not tell it. */
  readonly maxModelTokens?: number;
  /** Port of the metrics endpoint on the same host, 8002 by Triton's default; without it no load is read. */
  readonly metricsPort?: number;
  /** Label sets that `distribution` will be asked for. */
  readonly labelProbes: readonly LabelProbe[];
  readonly limits: {
    /** Longest message either way, in bytes; the logits of one position take 4 bytes per token known. */
    readonly messageBytes: number;
  };
  readonly clock: Clock;
}

export function createTritonReplica(options: TritonReplicaOptions): Replica {
  const kserve = createKserve({ ...options, messageBytes: options.limits.messageBytes });
  return new TritonReplica(options, kserve);
}

class TritonReplica implements Replica {
  readonly url: string;
  readonly #options: TritonReplicaOptions;
  readonly #kserve: Kserve;
  readonly #page: MetricsPage | null;
  #model: KnownModel | null = null;
  #questions: ReadonlyMap<string, LabelQuestion> | null = null;
  #fingerprint: string | null = null;
  #batches: LabelBatches | null = null;
  #calls = 0;

  constructor(options: TritonReplicaOptions, kserve: Kserve) {
    this.url = options.url;
    this.#options = options;
    this.#kserve = kserve;
    const { url, metricsPort } = options;
    this.#page = metricsPort === undefined ? null : createMetricsPage(url, metricsPort);
  }

  async warmUp(call: Call): Promise<EngineResult<ReplicaReport>> {
    const version = await meetServer(this.#kserve, this.#options.model, call);
    if (!version.ok) return version;
    const model = await this.#describe(call);
    if (!model.ok) return model;
    const sets = await this.#warmLabels(model.value, call);
    if (!sets.ok) return sets;
    this.#model = model.value;
    this.#questions = new Map(sets.value.map(({ id, question }) => [id, question]));
    this.#fingerprint = version.value === null ? null : `triton ${version.value}`;
    const maximum = await this.#largestBatch(model.value, sets.value, call);
    this.#batches =
      maximum === 0
        ? null
        : createLabelBatches({
            maximum,
            find: (labels) => this.#questions?.get(labels),
            render: (messages) => renderChat(this.#options.chatTemplate, messages),
            replyOf: (answer) => this.#replyOf(answer),
          });
    const load = await this.load(call);
    const known = { load: load.ok && load.value !== null, labelBatch: maximum };
    return { ok: true, value: this.#report(version.value, sets.value, known) };
  }

  async distribution(
    { labels, messages, numbered }: Parameters<Replica['distribution']>[0],
    call: Call,
  ): ReturnType<Replica['distribution']> {
    const question = this.#questions?.get(labels);
    if (question === undefined) return failed(this.#questions === null ? NOT_WARM : unknownLabels(labels));
    if (numbered !== undefined) return failed(ONE_LABEL);
    if (this.#isTooLate(call)) return failed(TOO_LATE);
    const prompt = renderChat(this.#options.chatTemplate, messages);
    const answer = await question.ask(prompt, call);
    if (!answer.ok) return answer;
    return { ok: true, value: this.#replyOf(answer.value) };
  }

  labelBatches(): LabelBatches | null {
    return this.#batches;
  }

  async generate(
    request: GenerationRequest,
    call: Call,
  ): Promise<EngineResult<AsyncIterable<GenerationEvent>>> {
    if (this.#isTooLate(call)) return failed(TOO_LATE);
    const model =
      this.#model === null ? await this.#describe(call) : { ok: true as const, value: this.#model };
    if (!model.ok) return model;
    this.#model ??= model.value;
    const { chatTemplate, backend, model: name } = this.#options;
    const planned = planGeneration(request, {
      backend: BACKENDS[backend],
      chatTemplate,
      signature: model.value.signature,
      tokens: model.value.tokens,
    });
    if (!planned.ok) return planned;
    const id = this.#nextId(call);
    const created = Math.floor(this.#options.clock.now() / 1_000);
    const writer = new ChunkWriter(request.kind, id, name, created);
    const plan = { ...planned.value, id, timeoutMs: this.#timeLeft(call) };
    return startGeneration(this.#kserve, plan, writer, call);
  }

  post(path: string): ReturnType<Replica['post']> {
    const failure = { ...unfitFailure(`this engine kind has no ${path}`), blamesReplica: false };
    return Promise.resolve({ ok: false, failure });
  }

  /** Null where Triton tells nothing of what runs; see `load.ts`. */
  async load(call: Call): Promise<EngineResult<ReplicaLoad | null>> {
    if (this.#page === null) return { ok: true, value: null };
    const page = await this.#page.read(call.signal);
    return page.ok ? { ok: true, value: readLoad(page.value, this.#options.model) } : page;
  }

  async close(): Promise<void> {
    this.#kserve.close();
    await this.#page?.close();
  }

  #describe(call: Call): Promise<EngineResult<KnownModel>> {
    return learnModel(this.#kserve, this.#options, call);
  }

  async #warmLabels(
    { signature, tokens }: KnownModel,
    call: Call,
  ): Promise<EngineResult<readonly WarmSet[]>> {
    const { backend, chatTemplate, labelProbes } = this.#options;
    const access: LabelAccess = {
      backend: BACKENDS[backend],
      signature,
      tokens,
      render: (messages) => renderChat(chatTemplate, messages),
      infer: this.#infer,
    };
    const sets: WarmSet[] = [];
    for (const probe of labelProbes) {
      const warm = await warmSet(access, probe, call);
      if (!warm.ok) return warm;
      sets.push(warm.value);
    }
    if (sets.length > 0) return { ok: true, value: sets };
    const tried = await tryModel(access, call);
    return tried.ok ? { ok: true, value: sets } : tried;
  }

  #report(
    version: string | null,
    sets: readonly WarmSet[],
    known: Pick<ReplicaCapabilities, 'load' | 'labelBatch'>,
  ): ReplicaReport {
    const { model, maxModelTokens = null } = this.#options;
    const [first] = sets;
    return {
      model,
      version,
      fingerprint: this.#fingerprintOf(first?.answer.modelVersion ?? null),
      maxModelTokens,
      route: first?.question.route ?? null,
      labels: Object.fromEntries(sets.map(({ id, question }) => [id, idsByLabel(question.set)])),
      finite: true,
      repeatError: Math.max(0, ...sets.map(({ repeatError }) => repeatError)),
      reportsCachedTokens: false,
      capabilities: capabilitiesOf(sets, {
        tokenizer: this.#options.tokenizer !== undefined,
        ...known,
      }),
    };
  }

  /** Questions of one batch that the model takes and whose logits fit into a message; 0 without batches. */
  async #largestBatch({ signature }: KnownModel, sets: readonly WarmSet[], call: Call): Promise<number> {
    const { chatTemplate, labelProbes, limits } = this.#options;
    const render: LabelAccess['render'] = (messages) => renderChat(chatTemplate, messages);
    if (signature.maxBatch < 2 || !(await tryRows({ render }, labelProbes, sets, call))) return 0;
    const bytes = Math.max(...sets.map(({ answer }) => answer.bytes ?? 0));
    return mostRows(signature.maxBatch, limits.messageBytes, bytes);
  }

  #replyOf({ distribution, usage, modelVersion }: LabelAnswer): DistributionReply {
    return { distribution, usage, fingerprint: this.#fingerprintOf(modelVersion) };
  }

  readonly #infer: Infer = (form, prompts, call) =>
    inferWhole(this.#kserve, fillRequest(form, prompts, this.#nextId(call), this.#timeLeft(call)), call);

  /** Server and model version: Triton says nothing of the weights, but a new version of a model is seen. */
  #fingerprintOf(modelVersion: string | null): string | null {
    if (this.#fingerprint === null || modelVersion === null) return this.#fingerprint;
    return `${this.#fingerprint}, model version ${modelVersion}`;
  }

  #nextId({ requestId }: Call): string {
    this.#calls += 1;
    return `${requestId.slice(0, 200)}-${this.#calls}`;
  }

  #timeLeft({ deadline }: Call): number {
    return Math.max(1, deadline - this.#options.clock.monotonic());
  }

  #isTooLate({ deadline }: Call): boolean {
    return this.#options.clock.monotonic() >= deadline;
  }
}
