import type { Readable } from 'node:stream';
import { Agent, type Dispatcher, request } from 'undici';
import { z } from 'zod';
import { jobListSchema, jobSchema, submissionSchema, type WireJob } from '../../wire/job.ts';
import { CommandError, EXIT } from '../exit.ts';

export type { WireJob } from '../../wire/job.ts';
export type Submitted = z.output<typeof submissionSchema>;

/** Talks to the jobs of a gateway. Throws `CommandError` with the gateway's own words. */
export interface JobsClient {
  submit(body: Readable, settings: Readonly<Record<string, string>>): Promise<Submitted>;
  list(limit: number): Promise<readonly WireJob[]>;
  find(id: string): Promise<WireJob>;
  command(id: string, command: string, body: Readonly<Record<string, number>>): Promise<WireJob>;
  /** Bytes of JSONL; ends early, with an error, when the gateway goes away. */
  results(id: string, query: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Readable>;
  close(): Promise<void>;
}

export interface JobsAddress {
  readonly url: string;
  readonly apiKey: string | null;
}

const TIMEOUT_MS = 30_000;
/** A body of a million lines takes its time. */
const SUBMIT_MS = 3_600_000;

export function createJobsClient({ url, apiKey }: JobsAddress): JobsClient {
  const base = `${url.replace(/\/+$/, '').replace(/\/v1$/, '')}/v1/feedback/jobs`;
  const dispatcher = new Agent({ bodyTimeout: 0, headersTimeout: SUBMIT_MS });
  const authorization: Record<string, string> = apiKey === null ? {} : { authorization: `Bearer ${apiKey}` };
  const send = async (path: string, options: SendOptions): Promise<Dispatcher.ResponseData> => {
    const { headers = {}, signal = AbortSignal.timeout(TIMEOUT_MS), ...rest } = options;
    const all = { ...authorization, ...headers };
    const reply = await request(base + path, { ...rest, dispatcher, signal, headers: all }).catch(
      (cause: unknown) => {
        if (signal.aborted && options.signal !== undefined) throw interruptedError();
        throw new CommandError(EXIT.stopped, `no gateway answers at ${url}`, { cause });
      },
    );
    if (reply.statusCode < 300) return reply;
    throw refusal(url, reply.statusCode, await reply.body.text());
  };
  const ask = async <T>(schema: z.ZodType<T>, path: string, options: SendOptions): Promise<T> => {
    const reply = await send(path, options);
    const read = schema.safeParse(JSON.parse(await reply.body.text()));
    if (read.success) return read.data;
    throw new CommandError(EXIT.usage, `${url} answers, but not with jobs; is this an Assay gateway?`);
  };
  return {
    submit: (body, settings) =>
      ask(submissionSchema, query(settings), {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/jsonl' },
        signal: AbortSignal.timeout(SUBMIT_MS),
      }),
    list: async (limit) => (await ask(jobListSchema, `?limit=${limit}`, { method: 'GET' })).data,
    find: (id) => ask(jobSchema, `/${encodeURIComponent(id)}`, { method: 'GET' }),
    command: (id, command, body) =>
      ask(jobSchema, `/${encodeURIComponent(id)}/${command}`, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      }),
    results: async (id, settings, signal) =>
      (await send(`/${encodeURIComponent(id)}/results${query(settings)}`, { method: 'GET', signal })).body,
    close: () => dispatcher.destroy(),
  };
}

interface SendOptions {
  readonly method: 'GET' | 'POST';
  readonly body?: Readable | string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

function query(settings: Readonly<Record<string, string>>): string {
  const text = new URLSearchParams(settings).toString();
  return text === '' ? '' : `?${text}`;
}

const envelopeSchema = z.object({ error: z.object({ message: z.string() }) });

function refusal(url: string, status: number, text: string): CommandError {
  let message = `answered HTTP ${status}`;
  try {
    message = envelopeSchema.parse(JSON.parse(text)).error.message;
  } catch {
    // Not a gateway of ours: the status must do.
  }
  return new CommandError(status >= 500 && status !== 501 ? EXIT.stopped : EXIT.usage, `${url}: ${message}`);
}

export function interruptedError(): CommandError {
  return new CommandError(EXIT.interrupted, 'interrupted; the job goes on');
}
