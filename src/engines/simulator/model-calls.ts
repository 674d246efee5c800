import type { z } from 'zod';
import { ApiError, engineBusy, engineDied, shutDown } from './api-error.ts';
import { chatBatchSchema, chatSchema, planChat, type RequestContext } from './chat-request.ts';
import { ChatContent } from './chat-content.ts';
import { CompletionContent } from './completion-content.ts';
import { completionSchema, planCompletion } from './completion-request.ts';
import { embed, embeddingSchema } from './embeddings.ts';
import type { ToyEngine } from './engine.ts';
import type { Exchange } from './exchange.ts';
import { parseBody } from './json-body.ts';
import { type ReplyContent, StreamReply, WholeReply } from './reply.ts';
import { replyBasis } from './reply-basis.ts';
import type { SamplingFields } from './sampling-fields.ts';
import type { RequestKind } from './skin.ts';
import { checkModel, scoringReply, scoringSchema } from './small-endpoints.ts';

/** The calls that reach the model, with the faults that meet them on the way. */
type Handler = (engine: ToyEngine, exchange: Exchange) => Promise<void>;

async function readBody<T extends { readonly model?: string | null | undefined }>(
  schema: z.ZodType<T>,
  engine: ToyEngine,
  exchange: Exchange,
  kind: RequestKind,
): Promise<T> {
  const { skin, options } = engine;
  const body = parseBody(schema, exchange.header('content-type'), await exchange.body(), (fields) =>
    skin.request(fields, kind, options),
  );
  checkModel(body.model, engine);
  return body;
}

/** Lets a call through to the model, or answers it as the faults say. */
function withFaults(handle: Handler): Handler {
  return async (engine, exchange) => {
    const { faults } = engine;
    const failure = faults.takeFailure();
    if (failure !== null) throw new ApiError(failure.status, failure.body);
    if (faults.current.engineDead) throw engineDied();
    if (faults.current.shuttingDown) throw shutDown();
    if (faults.current.overloaded) {
      engine.metrics.rejected += 1;
      throw engineBusy();
    }
    await handle(engine, exchange);
  };
}

/** Calls that are answered at once; a hanging engine keeps them waiting until the client leaves. */
function atOnce<T extends { readonly model?: string | null | undefined }>(
  schema: z.ZodType<T>,
  reply: (body: T, engine: ToyEngine, exchange: Exchange) => unknown,
): Handler {
  return withFaults(async (engine, exchange) => {
    const body = await readBody(schema, engine, exchange, 'other');
    if (engine.faults.current.hang) return;
    exchange.json(200, reply(body, engine, exchange));
  });
}

function contextOf({ options, opinion, scores, skin }: ToyEngine): RequestContext {
  const { maxModelTokens, labelIds } = options;
  return { opinion, scores, maxModelTokens, labelIds, logprobs: skin.logprobs };
}

function streamOptions({ stream_options: options }: SamplingFields) {
  const includeUsage = options?.include_usage ?? false;
  return { includeUsage, continuousUsage: includeUsage && (options?.continuous_usage_stats ?? false) };
}

interface Started {
  readonly job: { start(): void; abort(): void };
  /** Sends the headers of a stream; undefined for a whole reply. */
  open?(): void;
}

/** Starts a request; the client's leaving ends it. */
function run(exchange: Exchange, started: Started): void {
  exchange.response.on('close', () => started.job.abort());
  started.job.start();
  if (!exchange.isOver) started.open?.();
}

function sendsGarbage(engine: ToyEngine, exchange: Exchange, stream: boolean): boolean {
  if (stream || !engine.faults.current.garbageReply) return false;
  exchange.text(200, 'application/json', '<!doctype html><title>not what you asked for</title>');
  return true;
}

export const chat = withFaults(async (engine, exchange) => {
  const body = await readBody(chatSchema, engine, exchange, 'chat');
  const { plan, tool } = planChat(body, [body.messages], contextOf(engine));
  const content = new ChatContent({ plan, tool, ...chatOptions(body, engine), isBatch: false });
  answer(engine, exchange, content, body);
});

export const chatBatch = withFaults(async (engine, exchange) => {
  const body = await readBody(chatBatchSchema, engine, exchange, 'chat');
  if (body.stream === true) throw new ApiError(400, { detail: 'Streaming is not supported for batches' });
  const { plan, tool } = planChat(body, body.messages, contextOf(engine));
  const content = new ChatContent({ plan, tool, ...chatOptions(body, engine), isBatch: true });
  answer(engine, exchange, content, body);
});

export const completions = withFaults(async (engine, exchange) => {
  const body = await readBody(completionSchema, engine, exchange, 'completion');
  const planned = planCompletion(body, contextOf(engine));
  answer(engine, exchange, new CompletionContent(planned, body.return_token_ids ?? false), body);
});

function chatOptions({ return_token_ids: withTokenIds }: SamplingFields, engine: ToyEngine) {
  return { withTokenIds: withTokenIds ?? false, nextId: () => engine.nextId() };
}

const FRAMES = {
  chat: { prefix: 'chatcmpl', whole: 'chat.completion', chunk: 'chat.completion.chunk' },
  completion: { prefix: 'cmpl', whole: 'text_completion', chunk: 'text_completion' },
} as const;

/** Starts the reply, as a stream or as a whole. */
function answer(engine: ToyEngine, exchange: Exchange, content: ReplyContent, body: SamplingFields): void {
  const { prefix, whole, chunk } = FRAMES[content.kind];
  const stream = body.stream === true;
  if (sendsGarbage(engine, exchange, stream)) return;
  const basis = replyBasis(engine, exchange, { prefix, object: stream ? chunk : whole });
  const place = { engine, exchange, basis };
  if (stream) run(exchange, new StreamReply(place, content, streamOptions(body)));
  else run(exchange, new WholeReply(place, content));
}

export const embeddings = atOnce(embeddingSchema, (body, engine, exchange) => {
  const { data, promptTokens } = embed(body);
  engine.metrics.promptTokens += promptTokens;
  const usage = { prompt_tokens: promptTokens, total_tokens: promptTokens, completion_tokens: 0 };
  return {
    ...replyBasis(engine, exchange, { prefix: 'embd', object: 'list' }),
    data,
    usage: { ...usage, prompt_tokens_details: null },
  };
});

export const generativeScoring = atOnce(scoringSchema, (body, engine, exchange) => ({
  ...replyBasis(engine, exchange, { prefix: 'generative-scoring', object: 'list' }),
  ...scoringReply(body, engine),
}));
