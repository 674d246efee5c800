import { readFile } from 'node:fs/promises';
import { Agent, type Dispatcher, request } from 'undici';
import { z } from 'zod';

/** Where the API server is, and who asks it. */
export interface KubernetesAccess {
  /** Address of the API server, such as `https://10.96.0.1:443`. */
  readonly server: string;
  /** Token of the service account. It is read for every request: Kubernetes replaces it. */
  readonly tokenFile: string;
  /** Certificates that the API server is checked against; absent for plain HTTP. */
  readonly caFile?: string;
}

/** An answer of the API server that is none of success; `status` 410 says that a version is too old. */
export class KubernetesError extends Error {
  override readonly name = 'KubernetesError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Reads from the API server, with a connection of its own that must be closed. */
export interface KubernetesClient {
  /** One JSON answer. Rejects with `KubernetesError`, or when the server cannot be reached. */
  get(path: string, signal: AbortSignal): Promise<unknown>;
  /** The JSON lines of a watch, until the server ends it. */
  watch(path: string, signal: AbortSignal): AsyncGenerator<unknown>;
  close(): Promise<void>;
}

const CONNECT_MS = 5_000;
const ANSWER_MS = 10_000;
const REPLY_BYTES = 32 * 1024 * 1024;
/** A slice has at most 1,000 endpoints. */
const LINE_BYTES = 4 * 1024 * 1024;

/** A watch that says nothing for `silenceMs` is broken off: its connection may be half open. */
export async function openKubernetesClient(
  access: KubernetesAccess,
  silenceMs: number,
): Promise<KubernetesClient> {
  const ca = access.caFile === undefined ? undefined : await readFile(access.caFile, 'utf8');
  const agent = new Agent({
    allowH2: false,
    connections: 2,
    headersTimeout: ANSWER_MS,
    bodyTimeout: silenceMs,
    connect: { timeout: CONNECT_MS, ...(ca === undefined ? {} : { ca }) },
  });
  const open = async (path: string, signal: AbortSignal): Promise<Dispatcher.ResponseData['body']> => {
    const token = (await readFile(access.tokenFile, 'utf8')).trim();
    const headers = { authorization: `Bearer ${token}`, accept: 'application/json' };
    const { statusCode, body } = await request(access.server + path, { dispatcher: agent, headers, signal });
    if (statusCode === 200) return body;
    await body.dump();
    throw new KubernetesError(statusCode, `the Kubernetes API answered with status ${statusCode}`);
  };
  return {
    async get(path, signal) {
      const parts: Buffer[] = [];
      let bytes = 0;
      for await (const part of bytesOf(await open(path, signal))) {
        bytes += part.length;
        if (bytes > REPLY_BYTES) throw new Error('the Kubernetes API answered with too many bytes');
        parts.push(part);
      }
      return JSON.parse(Buffer.concat(parts).toString('utf8'));
    },
    async *watch(path, signal) {
      for await (const line of linesOf(await open(path, signal))) yield JSON.parse(line);
    },
    close: () => agent.destroy(),
  };
}

const bufferSchema = z.instanceof(Buffer);

async function* bytesOf(body: Dispatcher.ResponseData['body']): AsyncGenerator<Buffer> {
  for await (const part of body) yield bufferSchema.parse(part);
}

async function* linesOf(body: Dispatcher.ResponseData['body']): AsyncGenerator<string> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const part of bytesOf(body)) {
    rest = rest.length === 0 ? part : Buffer.concat([rest, part]);
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      const line = rest.subarray(0, end).toString('utf8').trim();
      rest = rest.subarray(end + 1);
      if (line !== '') yield line;
    }
    if (rest.length > LINE_BYTES) throw new Error('the Kubernetes API wrote a line that is too long');
  }
}
