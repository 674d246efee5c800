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
    transport.send(request, new WholeReply<JsonOutcome>(readJson, resolve), signal);
  });
}

/** Asks for a text that is no JSON, such as metrics. */
export function exchangeText(
  transport: Transport,
  request: OutgoingRequest,
  signal: AbortSignal,
): Promise<TextOutcome> {
  return new Promise((resolve) => {
    transport.send(request, new WholeReply((text) => ({ ok: true as const, value: text }), resolve), signal);
  });
}

export type TextOutcome = { readonly ok: true; readonly value: string } | Failed;

type Failed = { readonly ok: false; readonly failure: EngineFailure; readonly status: number };

function readJson(text: string): JsonOutcome {
  const value = parseObject(text);
  if (value === null) return { ok: false, failure: unreadableFailure(text), status: 200 };
  return { ok: true, value: { text, value } };
}

class WholeReply<Outcome> implements ReplyReader {
  readonly #read: (text: string) => Outcome;
  readonly #resolve: (result: Outcome | Failed) => void;
  readonly #text = new TextReply();
  #status = 0;
  #retryAfterMs: number | undefined;

  constructor(read: (text: string) => Outcome, resolve: (result: Outcome | Failed) => void) {
    this.#read = read;
    this.#resolve = resolve;
  }

  onHead(status: number, _contentType: string, retryAfterMs?: number): void {
    this.#status = status;
    this.#retryAfterMs = retryAfterMs;
  }

  onData(chunk: Buffer): void {
    this.#text.add(chunk);
  }

  onEnd(): void {
    const text = this.#text.toString();
    if (this.#status === 200) this.#resolve(this.#read(text));
    else this.onFailure(statusFailure(this.#status, text, this.#retryAfterMs));
  }

  onFailure(failure: EngineFailure): void {
    this.#resolve({ ok: false, failure, status: this.#status });
  }
}
