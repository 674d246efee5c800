import { z } from 'zod';
import type { BackgroundResponse } from '../../contracts/background.ts';
import { check, type Checked } from '../problems.ts';
import { type ResponseEvent, retell } from './output.ts';
import { type OutputItem, renderResponse } from './reply.ts';
import { readResponsesRequest, type ResponsesBody } from './request.ts';

/** Responses in the background as the Responses API shows them, and the events of their streams. */
export type WireResponse = Readonly<Record<string, unknown>> & {
  readonly status: string;
  readonly output: readonly OutputItem[];
};

export const backgroundQueryFields = {
  stream: z
    .enum(['true', 'false'])
    .default('false')
    .transform((text) => text === 'true'),
  starting_after: z
    .string()
    .regex(/^\d{1,15}$/, 'must be the sequence_number of the last event seen')
    .transform(Number)
    .optional(),
};
const querySchema = z.looseObject(backgroundQueryFields);

export interface BackgroundQuery {
  readonly stream: boolean;
  /** `sequence_number` of the last event seen; -1 for none. */
  readonly after: number;
}

export function parseBackgroundQuery(query: unknown): Checked<BackgroundQuery> {
  const checked = check(querySchema, query);
  if (!checked.ok) return checked;
  const { stream, starting_after: after = -1 } = checked.value;
  return { ok: true, value: { stream, after } };
}

/** The call as it is kept: the one that is made later, in one piece. */
export function backgroundBodyOf(body: ResponsesBody): Readonly<Record<string, unknown>> {
  const { background: _background, stream: _stream, stream_options: _options, ...call } = body;
  return call;
}

export function renderBackground(response: BackgroundResponse): WireResponse {
  const { id, state, body, reply, createdAt } = response;
  const own = { id, background: true, store: true, created_at: Math.floor(createdAt / 1000) };
  const whole = reply?.status === 200 ? wholeSchema.safeParse(reply.body).data : undefined;
  if (whole !== undefined) return { ...whole, ...own, output: retell(id, whole.output, () => undefined) };
  const read = readResponsesRequest(body);
  if (!read.ok) throw new Error('a response in the background was kept that cannot be read');
  const asked = renderResponse({ id, created: own.created_at, body: read.value.body }, [], null);
  return { ...asked, ...own, ...endOf(state, reply) };
}

/** What our own handler of `/v1/responses` answered. */
const wholeSchema = z.looseObject({
  status: z.string(),
  // Built by `ResponseOutput`, item by item.
  output: z.custom<readonly OutputItem[]>(Array.isArray),
});

function endOf(state: BackgroundResponse['state'], reply: BackgroundResponse['reply']) {
  if (state === 'queued') return { status: 'queued' };
  if (state === 'running') return { status: 'in_progress' };
  if (state === 'cancelled') return { status: 'cancelled' };
  if (state === 'expired' || reply === null) {
    return {
      status: 'failed',
      error: { code: 'server_error', message: 'its deadline passed before its turn' },
    };
  }
  return { status: 'failed', error: { code: codeOf(reply.status), message: messageOf(reply.body) } };
}

/** By the names that clients of this interface know. */
function codeOf(status: number): string {
  if (status === 429) return 'rate_limit_exceeded';
  return status >= 400 && status < 500 ? 'invalid_prompt' : 'server_error';
}

const failureSchema = z.object({ error: z.object({ message: z.string() }) });

function messageOf(body: unknown): string {
  return failureSchema.safeParse(body).data?.error.message ?? 'the call failed';
}

/**
 * All events of its stream that can be told by now, with their numbers: the same at each look, so that a client
 * goes on after the last one it saw. The words come at the end, in one piece for each item of the output.
 */
export function backgroundEvents(response: BackgroundResponse): readonly ResponseEvent[] {
  const events: ResponseEvent[] = [];
  const tell = (event: ResponseEvent): void => {
    events.push({ ...event, sequence_number: events.length });
  };
  const queued = renderBackground({ ...response, state: 'queued', reply: null });
  tell({ type: 'response.created', response: queued });
  tell({ type: 'response.queued', response: queued });
  if (response.state === 'queued') return events;
  tell({ type: 'response.in_progress', response: { ...queued, status: 'in_progress' } });
  if (response.state === 'running') return events;
  const rendered = renderBackground(response);
  retell(response.id, rendered.output, tell);
  // The interface has no event of its own for a cancelled one.
  const hasOutput = rendered.status === 'completed' || rendered.status === 'incomplete';
  tell({ type: `response.${hasOutput ? rendered.status : 'failed'}`, response: rendered });
  return events;
}
