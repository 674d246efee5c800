import type { EngineFailure } from '../../contracts/engine.ts';
import { statusFailure, unreadableFailure } from './failures.ts';
import { type JsonObject, parseObject } from './json.ts';
import { TextReply } from './text-reply.ts';
import type { OutgoingRequest, ReplyReader, Transport } from './transport.ts';

export interface JsonText {
  /** As the engine wrote it. */
  readonly text: string;
  readonly value: JsonObject;
}

/** An `EngineResult` that also tells the HTTP status; 0 when there was none. */
export type JsonOutcome =
  | { readonly ok: true; readonly value: JsonText }
  | { readonly ok: false; readonly failure: EngineFailure; readonly status: number };

/** Asks for one JSON object; any status but 200 is the failure that it means. */
export function exchangeJson(
  transport: Transport,
  request: OutgoingRequest,
  signal: AbortSignal,
): Promise<JsonOutcome> {
  return new Promise((resolve) => {
    transport.send(request, new JsonReply(resolve), signal);
  });
}

class JsonReply implements ReplyReader {
  readonly #resolve: (result: JsonOutcome) => void;
  readonly #text = new TextReply();
  #status = 0;

  constructor(resolve: (result: JsonOutcome) => void) {
    this.#resolve = resolve;
  }

  onHead(status: number): void {
    this.#status = status;
  }

  onData(chunk: Buffer): void {
    this.#text.add(chunk);
  }

  onEnd(): void {
    const text = this.#text.toString();
    if (this.#status !== 200) {
      this.onFailure(statusFailure(this.#status, text));
      return;
    }
    const value = parseObject(text);
    if (value === null) this.onFailure(unreadableFailure(text));
    else this.#resolve({ ok: true, value: { text, value } });
  }

  onFailure(failure: EngineFailure): void {
    this.#resolve({ ok: false, failure, status: this.#status });
  }
}
