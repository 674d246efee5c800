import type { IncomingMessage, ServerResponse } from 'node:http';
import { ApiError } from './api-error.ts';
import type { EngineMetrics } from './metrics.ts';

/** Longest body that is read, in bytes. */
const BODY_LIMIT = 64 * 1024 * 1024;

/** One HTTP request and the writing of its reply, with the headers that vLLM's server sends. */
export class Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  readonly #metrics: EngineMetrics;
  readonly #server: readonly string[];
  /** The name under which the request is counted. */
  readonly #handler: string;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    {
      path,
      isKnown,
      metrics,
      server,
    }: {
      readonly path: string;
      readonly isKnown: boolean;
      readonly metrics: EngineMetrics;
      /** The `Server` header; null for none. */
      readonly server: string | null;
    },
  ) {
    this.request = request;
    this.response = response;
    this.path = path;
    this.#metrics = metrics;
    this.#server = server === null ? [] : ['server', server];
    this.#handler = isKnown ? path : 'none';
  }

  header(name: string): string | undefined {
    const value = this.request.headers[name];
    return typeof value === 'string' ? value : undefined;
  }

  /** The whole body. Rejects with an `ApiError` when it is too long or the client left in the middle of it. */
  body(): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let length = 0;
      this.request.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length <= BODY_LIMIT) chunks.push(chunk);
      });
      this.request.on('end', () => {
        if (length > BODY_LIMIT) reject(new ApiError(413, { detail: 'Request Entity Too Large' }));
        else resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
      });
      this.request.on('error', reject);
    });
  }

  json(status: number, body: unknown, headers: readonly string[] = []): void {
    this.text(status, 'application/json', JSON.stringify(body), headers);
  }

  text(status: number, type: string, text: string, headers: readonly string[] = []): void {
    const body = Buffer.from(text);
    this.#head(status, ['content-length', String(body.length), 'content-type', type, ...headers]);
    this.response.end(body);
  }

  empty(status: number, headers: readonly string[] = []): void {
    this.#head(status, ['content-length', '0', ...headers]);
    this.response.end();
  }

  openStream(): void {
    this.#head(200, ['content-type', 'text/event-stream; charset=utf-8']);
  }

  /** Nothing goes out any more: the client left, or the reply is whole. */
  get isOver(): boolean {
    return this.response.writableEnded || this.response.destroyed;
  }

  /** Breaks the connection, so that the client's next read fails. */
  reset(): void {
    this.request.socket.resetAndDestroy();
  }

  #head(status: number, headers: readonly string[]): void {
    this.#metrics.countHttp(this.#handler, this.request.method ?? 'GET', status);
    // Said in so many words, or else Node adds a Keep-Alive header, which vLLM does not send.
    const connection = this.request.headers.connection === 'close' ? 'close' : 'keep-alive';
    const common = [...this.#server, 'vary', 'Origin', 'x-assay-simulator', '1', 'connection', connection];
    this.response.writeHead(status, [...common, ...headers]);
  }
}
