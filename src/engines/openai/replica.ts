import type { Call } from '../../contracts/call.ts';
import type { Clock } from '../../contracts/clock.ts';
import type {
  DistributionRequest,
  EngineFailure,
  EngineResult,
  JsonReply,
  LabelBatches,
  LabelProbe,
  Replica,
  ReplicaLoad,
} from '../../contracts/engine.ts';
import type { StreamForm } from './chunk-reader.ts';
import { askLabels, CHAT_PATH, createLabelQuestion, type LabelQuestionForm } from './distribution.ts';
import { choicesAsked, type Flavour, generationBody } from './flavour.ts';
import { type FlavourName, FLAVOURS } from './flavours.ts';
import { streamGeneration, wholeGeneration } from './generation.ts';
import { exchangeJson, exchangeText, type JsonOutcome } from './json-exchange.ts';
import type { JsonObject } from './json.ts';
import { askLabelBatch, createLabelBatches } from './label-batch.ts';
import { readLoad } from './load.ts';
import { type MarkOptions, marksOf } from './request-marks.ts';
import { createTransport, type OutgoingRequest, type RequestTag, type Transport } from './transport.ts';
import { readUsage, toUsage, UNKNOWN_USAGE } from './usage.ts';
import { warmUp, type WarmUpAccess } from './warm-up.ts';
import { failed, NOT_WARM, TOO_LATE, unknownLabels } from '../replica-failures.ts';

/**
 * One address of an engine that speaks the OpenAI interface. This folder owns the wire: the connections,
 * the dialects (`flavours/`), what engines' errors mean (`failures.ts`), and how label probabilities are
 * read (`label-reading.ts`). It refuses to guess: a stream without its end, a number that is none and a
 * label without a token are failures. It picks no replica and repeats no call but a keep-alive race.
 */
export interface OpenAiReplicaOptions {
  /** Base address without `/v1`; a path in it is kept. */
  readonly url: string;
  /** Name under which the engine serves the model; every request is sent with it. */
  readonly model: string;
  readonly flavour: FlavourName;
  readonly apiKey?: string;
  /** Label sets that `distribution` will be asked for. */
  readonly labelProbes: readonly LabelProbe[];
  /** Tells the engine how urgent calls are, if its queue looks at it. Default false: some refuse it. */
  readonly priority?: boolean;
  /** Keeps the prefix caches of teams and rubrics apart where the engine can. Default false. */
  readonly isolate?: boolean;
  readonly limits: {
    /** Most connections; further calls wait in their order. */
    readonly connections: number;
    /** Longest reply, streamed or not, in bytes. */
    readonly replyBytes: number;
    readonly connectTimeoutMs: number;
  };
  readonly clock: Clock;
}

export function createOpenAiReplica(options: OpenAiReplicaOptions): Replica {
  const { url, model, clock } = options;
  const flavour = FLAVOURS[options.flavour];
  const transport = createTransport({ url, apiKey: options.apiKey, ...options.limits, clock });
  const tag = createTagger();
  let forms: ReadonlyMap<string, LabelQuestionForm> | null = null;
  let batches: LabelBatches | null = null;
  let marking: MarkOptions = { priority: options.priority ?? false, isolate: options.isolate ?? false };
  const load = (call: Call): Promise<EngineResult<ReplicaLoad | null>> =>
    askLoad(transport, flavour, tag(call));

  const accessFor = (call: Call): WarmUpAccess =>
    createAccess({ transport, flavour, model, labelProbes: options.labelProbes }, tag, call);
  const labelMarks = ({ rubric }: DistributionRequest, call: Call): JsonObject =>
    marksOf(flavour, marking, call, { kind: 'chat', rubric });
  const isTooLate = (call: Call): boolean => clock.monotonic() >= call.deadline;

  return {
    url,
    async warmUp(call) {
      const warm = await warmUp(accessFor(call));
      if (!warm.ok) return warm;
      forms = warm.value.forms;
      // An engine that refuses priorities would refuse every call.
      const { priority } = warm.value.report.capabilities;
      marking = { ...marking, priority: priority && (options.priority ?? false) };
      const { batchPath: path } = flavour;
      batches =
        path === null || warm.value.batch === null
          ? null
          : createLabelBatches({ ...warm.value.batch, transport, path, forms, marksOf: labelMarks, tag });
      return { ok: true, value: warm.value.report };
    },
    async distribution(request, call) {
      const form = forms?.get(request.labels);
      if (form === undefined) return failed(forms === null ? NOT_WARM : unknownLabels(request.labels));
      if (isTooLate(call)) return failed(TOO_LATE);
      const { messages, numbered } = request;
      return askLabels(transport, form, { messages, marks: labelMarks(request, call), numbered }, tag(call));
    },
    labelBatches: () => batches,
    async generate(request, call) {
      if (isTooLate(call)) return failed(TOO_LATE);
      const { kind, body } = request;
      const refusal = flavour.refusal(body);
      if (refusal !== null) return failed(refusalFailure(refusal));
      const marks = marksOf(flavour, marking, call, { kind, salt: body['cache_salt'] });
      const { text, whole } = generationBody(flavour, request, model, marks);
      const form = streamForm(flavour, body);
      const outgoing = { method: 'POST', path: PATHS[kind], body: text, ...tag(call) } as const;
      const start = whole ? wholeGeneration : streamGeneration;
      return start(transport, outgoing, form, call.signal);
    },
    async post(path, body, call) {
      if (isTooLate(call)) return failed(TOO_LATE);
      const request = { ...postRequest(path, { ...body, model }), ...tag(call) };
      return jsonReply(await exchangeJson(transport, request, call.signal));
    },
    load,
    close: () => transport.close(),
  };
}

/** Null from an engine that tells no load, or whose metrics are switched off. */
async function askLoad(
  transport: Transport,
  { load }: Flavour,
  tagged: RequestTag,
): Promise<EngineResult<ReplicaLoad | null>> {
  if (load === null) return { ok: true, value: null };
  const request = { ...getRequest(load.path), requestId: tagged.requestId };
  const reply = await exchangeText(transport, request, tagged.signal);
  if (reply.ok) return { ok: true, value: readLoad(reply.value, load) };
  return HAS_NONE.has(reply.status) ? { ok: true, value: null } : failed(reply.failure);
}

function jsonReply(reply: JsonOutcome): EngineResult<JsonReply> {
  if (!reply.ok) return failed(reply.failure);
  const { value } = reply.value;
  return { ok: true, value: { body: value, usage: toUsage(readUsage(value['usage']) ?? UNKNOWN_USAGE) } };
}

/** What the warm-up may do to a replica, in the name of one call. */
function createAccess(
  parts: Pick<WarmUpAccess, 'flavour' | 'model' | 'labelProbes'> & { readonly transport: Transport },
  tag: Tagger,
  call: Call,
): WarmUpAccess {
  const { transport, ...known } = parts;
  const { flavour, model } = known;
  return {
    ...known,
    prepare: (question) => createLabelQuestion(flavour, model, question),
    askLabels: (form, messages) =>
      askLabels(transport, form, { messages, marks: {}, numbered: form.numbered }, tag(call)),
    askBatch: async (form, conversations) =>
      flavour.batchPath === null
        ? null
        : askLabelBatch({ transport, path: flavour.batchPath, form }, conversations, {}, tag(call)),
    async tellsLoad() {
      const told = await askLoad(transport, flavour, tag(call));
      return told.ok && told.value !== null;
    },
    async askJson(path, body) {
      const request = body === null ? getRequest(path) : postRequest(path, body);
      const reply = await exchangeJson(transport, { ...request, ...tag(call) }, call.signal);
      return reply.ok ? { ok: true, value: reply.value.value } : reply;
    },
  };
}

type Tagger = (call: Call) => RequestTag;

const HAS_NONE = new Set([404, 405, 501]);

function streamForm({ alwaysMarksEnd, usageOfOneChoice }: Flavour, body: JsonObject): StreamForm {
  return { needsMarker: alwaysMarksEnd, choices: choicesAsked(body), usageOfOneChoice };
}

function refusalFailure(message: string): EngineFailure {
  return { code: 'engine_rejected', message, sent: false, blamesReplica: false };
}

const PATHS = { chat: CHAT_PATH, completion: '/v1/completions' } as const;

function getRequest(path: string): Omit<OutgoingRequest, 'requestId'> {
  return { method: 'GET', path, body: null };
}

function postRequest(path: string, body: JsonObject): Omit<OutgoingRequest, 'requestId'> {
  return { method: 'POST', path, body: JSON.stringify(body) };
}

/** A request id per engine call: one request of Assay may make several calls at once, and theirs must differ. */
function createTagger(): Tagger {
  let calls = 0;
  return ({ requestId, signal, trace }) => {
    calls += 1;
    const tag = { requestId: HEADER_SAFE.test(requestId) ? `${requestId}-${calls}` : String(calls), signal };
    return trace === undefined ? tag : { ...tag, traceHeaders: Object.entries(trace.headers).flat() };
  };
}

const HEADER_SAFE = /^[\w.:-]{1,200}$/;
