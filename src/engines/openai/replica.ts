import type { Call } from '../../contracts/call.ts';
import type { Clock } from '../../contracts/clock.ts';
import type { LabelProbe, Replica } from '../../contracts/engine.ts';
import { askLabels, CHAT_PATH, createLabelQuestion, type LabelQuestionForm } from './distribution.ts';
import { generationBody } from './flavour.ts';
import { type FlavourName, FLAVOURS } from './flavours.ts';
import { streamGeneration, wholeGeneration } from './generation.ts';
import { exchangeJson } from './json-exchange.ts';
import type { JsonObject } from './json.ts';
import { createTransport, type OutgoingRequest } from './transport.ts';
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
  const transport = createTransport({ url, apiKey: options.apiKey, ...options.limits });
  const tag = createTagger();
  let forms: ReadonlyMap<string, LabelQuestionForm> | null = null;

  const accessFor = (call: Call): WarmUpAccess => ({
    flavour,
    model,
    labelProbes: options.labelProbes,
    prepare: (set, route) => createLabelQuestion(flavour, model, set, route),
    askLabels: (form, messages) => askLabels(transport, form, messages, tag(call)),
    async askJson(path, body) {
      const request = body === null ? getRequest(path) : postRequest(path, body);
      const reply = await exchangeJson(transport, { ...request, ...tag(call) }, call.signal);
      return reply.ok ? { ok: true, value: reply.value.value } : reply;
    },
  });
  const isTooLate = (call: Call): boolean => clock.monotonic() >= call.deadline;

  return {
    url,
    async warmUp(call) {
      const warm = await warmUp(accessFor(call));
      if (!warm.ok) return warm;
      forms = warm.value.forms;
      return { ok: true, value: warm.value.report };
    },
    async distribution(request, call) {
      const form = forms?.get(request.labels);
      if (form === undefined) return failed(forms === null ? NOT_WARM : unknownLabels(request.labels));
      return isTooLate(call) ? failed(TOO_LATE) : askLabels(transport, form, request.messages, tag(call));
    },
    async generate(request, call) {
      if (isTooLate(call)) return failed(TOO_LATE);
      const { text, whole } = generationBody(flavour, request, model);
      const outgoing: OutgoingRequest = {
        method: 'POST',
        path: PATHS[request.kind],
        body: text,
        ...tag(call),
      };
      return whole
        ? wholeGeneration(transport, outgoing, call.signal)
        : streamGeneration(transport, outgoing, flavour.alwaysMarksEnd, call.signal);
    },
    async post(path, body, call) {
      if (isTooLate(call)) return failed(TOO_LATE);
      const request = { ...postRequest(path, { ...body, model }), ...tag(call) };
      const reply = await exchangeJson(transport, request, call.signal);
      if (!reply.ok) return failed(reply.failure);
      const { value } = reply.value;
      return { ok: true, value: { body: value, usage: toUsage(readUsage(value['usage']) ?? UNKNOWN_USAGE) } };
    },
    close: () => transport.close(),
  };
}

const PATHS = { chat: CHAT_PATH, completion: '/v1/completions' } as const;

function getRequest(path: string): Omit<OutgoingRequest, 'requestId'> {
  return { method: 'GET', path, body: null };
}

function postRequest(path: string, body: JsonObject): Omit<OutgoingRequest, 'requestId'> {
  return { method: 'POST', path, body: JSON.stringify(body) };
}

/** A request id per engine call: one request of Assay may make several calls at once, and theirs must differ. */
function createTagger(): (call: Call) => { readonly requestId: string; readonly signal: AbortSignal } {
  let calls = 0;
  return ({ requestId, signal }) => {
    calls += 1;
    return { requestId: HEADER_SAFE.test(requestId) ? `${requestId}-${calls}` : String(calls), signal };
  };
}

const HEADER_SAFE = /^[\w.:-]{1,200}$/;
