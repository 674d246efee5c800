import type { DistributionReply, EngineFailure, EngineResult } from '../../contracts/engine.ts';
import type { LogprobRoute } from '../../domain/distribution.ts';
import type { Message } from '../../domain/item.ts';
import { labelTokensOf } from '../../domain/token-estimate.ts';
import { ChunkReader, type StreamForm } from './chunk-reader.ts';
import { EventReply, type EventSink } from './event-reply.ts';
import type { Flavour } from './flavour.ts';
import { isObject, type JsonObject } from './json.ts';
import { type LabelReading, readLabels } from './label-reading.ts';
import { idsOf, type LabelSet } from '../label-set.ts';
import { NumberedLabels } from './numbered-labels.ts';
import { type RequestTag, type SentRequest, tagOf, type Transport } from './transport.ts';
import { toUsage } from './usage.ts';

/** A question for the probabilities of one set of labels, ready but for the messages. */
export interface LabelQuestionForm {
  readonly set: LabelSet;
  readonly route: LogprobRoute;
  /** The request as JSON text but for its last fields, `messages` among them. */
  readonly head: string;
  /** The same for several questions in one request, which engines do not stream. */
  readonly batchHead: string;
  readonly stream: StreamForm;
  /** Most items of a question, whose answer numbers their labels; absent for one label. */
  readonly numbered?: number;
}

export const CHAT_PATH = '/v1/chat/completions';

/** Writes everything that is the same in each question once. */
export function createLabelQuestion(
  flavour: Flavour,
  model: string,
  { set, route, templateFields, numbered }: QuestionParts,
): LabelQuestionForm {
  const fields = {
    model,
    ...templateFields,
    ...flavour.labelFields({ route, ids: idsOf(set) }),
    ...(numbered === undefined ? {} : { max_tokens: labelTokensOf(numbered) }),
  };
  const streamed = { ...fields, stream: true, stream_options: { include_usage: true } };
  return {
    set,
    route,
    head: openEnded(streamed),
    batchHead: openEnded(fields),
    ...(numbered === undefined ? {} : { numbered }),
    stream: { needsMarker: flavour.alwaysMarksEnd, choices: 1, usageOfOneChoice: false },
  };
}

export interface QuestionParts {
  readonly set: LabelSet;
  readonly route: LogprobRoute;
  readonly templateFields: JsonObject;
  /** Most items of one question, whose answer numbers their labels; absent for one item and one label. */
  readonly numbered?: number | undefined;
}

/** What is asked in one request. */
export interface AskedMessages {
  readonly messages: readonly Message[];
  readonly marks: JsonObject;
  /** Items in the messages, for an answer that numbers their labels. */
  readonly numbered?: number | undefined;
}

/** JSON text of an object without its closing brace. */
function openEnded(fields: JsonObject): string {
  return JSON.stringify(fields).slice(0, -1);
}

export interface LabelAnswer extends DistributionReply {
  readonly reportsCached: boolean;
  /** Label tokens that the engine's list did not have. */
  readonly missing: number;
}

/** Asks one question. The reply is gathered while it arrives: no iterator stands between socket and sums. */
export function askLabels(
  transport: Transport,
  form: LabelQuestionForm,
  { messages, marks, numbered }: AskedMessages,
  call: RequestTag,
): Promise<EngineResult<LabelAnswer>> {
  return new Promise((resolve) => {
    const answer = new AnswerReader(form, resolve, numbered);
    answer.sent = transport.send(
      {
        method: 'POST',
        path: CHAT_PATH,
        body: `${form.head},${JSON.stringify({ ...marks, messages }).slice(1)}`,
        ...tagOf(call),
      },
      new EventReply(answer),
      call.signal,
    );
  });
}

class AnswerReader implements EventSink {
  sent: SentRequest | null = null;
  readonly #form: LabelQuestionForm;
  readonly #resolve: (result: EngineResult<LabelAnswer>) => void;
  readonly #chunks: ChunkReader;
  readonly #numbered: NumberedLabels | null;
  #reading: LabelReading | null = null;
  #fingerprint: string | null = null;

  constructor(
    form: LabelQuestionForm,
    resolve: (result: EngineResult<LabelAnswer>) => void,
    numbered: number | undefined,
  ) {
    this.#numbered = numbered === undefined ? null : new NumberedLabels(form.set, numbered);
    this.#form = form;
    this.#resolve = resolve;
    this.#chunks = new ChunkReader(form.stream);
  }

  onAccepted(): void {
    // Nothing to tell before the answer is whole.
  }

  onEvent(data: string): void {
    const event = this.#chunks.read(data);
    if (event?.type === 'chunk') this.#read(event.value);
    else if (event?.type === 'failure') {
      this.sent?.abandon();
      this.onFailure(event.failure);
    }
  }

  onEnd(): void {
    const end = this.#chunks.end();
    this.#resolve(end.type === 'failure' ? { ok: false, failure: end.failure } : this.#answer());
  }

  onFailure(failure: EngineFailure): void {
    this.#resolve({ ok: false, failure });
  }

  #read(chunk: JsonObject): void {
    const fingerprint = chunk['system_fingerprint'];
    if (typeof fingerprint === 'string') this.#fingerprint = fingerprint;
    if (this.#numbered !== null) for (const position of positionsOf(chunk)) this.#numbered.add(position);
    if (this.#reading !== null) return;
    const position = positionsOf(chunk)[0];
    if (position !== undefined) this.#reading = readLabels(this.#form.set, this.#form.route, position);
  }

  #answer(): EngineResult<LabelAnswer> {
    if (this.#reading === null) return { ok: false, failure: NO_LOGPROBS };
    if (!this.#reading.ok) return this.#reading;
    const { usage } = this.#chunks;
    const numbered = this.#numbered?.end();
    if (numbered !== undefined && 'ok' in numbered) return numbered;
    return {
      ok: true,
      value: {
        distribution: numbered?.[0] ?? this.#reading.distribution,
        ...(numbered === undefined ? {} : { numbered }),
        usage: toUsage(usage),
        fingerprint: this.#fingerprint,
        reportsCached: usage.reportsCached,
        missing: this.#reading.missing,
      },
    };
  }
}

const NO_LOGPROBS: EngineFailure = {
  code: 'engine_rejected',
  message: 'the engine answered without log-probabilities, so no label can be read from it',
  sent: true,
  blamesReplica: false,
};

/** Log-probabilities of the tokens in a chunk; none when the chunk has none. */
export function positionsOf({ choices }: JsonObject): readonly unknown[] {
  const choice: unknown = Array.isArray(choices) ? choices[0] : undefined;
  const logprobs = isObject(choice) ? choice['logprobs'] : undefined;
  const content = isObject(logprobs) ? logprobs['content'] : undefined;
  return Array.isArray(content) ? content : [];
}
