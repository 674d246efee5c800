import { ServerResponse } from 'node:http';

/** An answer that goes to no socket: its text is kept. */
export class GatheredReply extends ServerResponse {
  #text = '';
  #isWhole = false;

  /** Null while the answer is not complete. */
  get text(): string | null {
    return this.#isWhole ? this.#text : null;
  }

  override write(chunk: unknown): boolean {
    this.#text += asText(chunk);
    return true;
  }

  override end(chunk?: unknown): this {
    this.#text += asText(chunk);
    this.#isWhole = true;
    return this;
  }
}

function asText(chunk: unknown): string {
  if (typeof chunk === 'string') return chunk;
  return chunk instanceof Uint8Array ? Buffer.from(chunk).toString('utf8') : '';
}
