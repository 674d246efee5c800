import type { DistributionReply, EngineFailure, EngineResult } from '../../contracts/engine.ts';
import type { LogprobRoute } from '../../domain/distribution.ts';
import type { Message } from '../../domain/item.ts';
import { ChunkReader, type StreamForm } from './chunk-reader.ts';
import { EventReply, type EventSink } from './event-reply.ts';
import type { Flavour } from './flavour.ts';
import { isObject, type JsonObject } from './json.ts';
import { type LabelReading, readLabels } from './label-reading.ts';
import { idsOf, type LabelSet } from '../label-set.ts';
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
}

export const CHAT_PATH = '/v1/chat/completions';

/** Writes everything that is the same in each question once. */
export function createLabelQuestion(
  flavour: Flavour,
  model: string,
  {
    set,
    route,
    templateFields,
  }: {
    readonly set: LabelSet;
    readonly route: LogprobRoute;
    readonly templateFields: JsonObject;
  },
): LabelQuestionForm {
  const fields = { model, ...templateFields, ...flavour.labelFields({ route, ids: idsOf(set) }) };
  const streamed = { ...fields, stream: true, stream_options: { include_usage: true } };
  return {
    set,
    route,
    head: openEnded(streamed),
    batchHead: openEnded(fields),
    stream: { needsMarker: flavour.alwaysMarksEnd, choices: 1, usageOfOneChoice: false },
  };
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
  { messages, marks }: { readonly messages: readonly Message[]; readonly marks: JsonObject },
  call: RequestTag,
): Promise<EngineResult<LabelAnswer>> {
  return new Promise((resolve) => {
    const answer = new AnswerReader(form, resolve);
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
  #reading: LabelReading | null = null;
  #fingerprint: string | null = null;

  constructor(form: LabelQuestionForm, resolve: (result: EngineResult<LabelAnswer>) => void) {
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
    if (this.#reading !== null) return;
    const position = firstPosition(chunk);
    if (position !== undefined) this.#reading = readLabels(this.#form.set, this.#form.route, position);
  }

  #answer(): EngineResult<LabelAnswer> {
    if (this.#reading === null) return { ok: false, failure: NO_LOGPROBS };
    if (!this.#reading.ok) return this.#reading;
    const { usage } = this.#chunks;
    return {
      ok: true,
      value: {
        distribution: this.#reading.distribution,
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

/** Log-probabilities of the first token in a chunk; undefined when the chunk has none. */
export function firstPosition({ choices }: JsonObject): unknown {
  const choice: unknown = Array.isArray(choices) ? choices[0] : undefined;
  const logprobs = isObject(choice) ? choice['logprobs'] : undefined;
  const content = isObject(logprobs) ? logprobs['content'] : undefined;
  return Array.isArray(content) ? content[0] : undefined;
}
