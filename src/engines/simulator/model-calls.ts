import type { z } from 'zod';
import { ApiError, engineBusy, engineDied, shutDown } from './api-error.ts';
import { chatBatchSchema, chatSchema, planChat, type RequestContext } from './chat-request.ts';
import { ChatReply, ChatStream } from './chat-reply.ts';
import { CompletionReply, CompletionStream } from './completion-reply.ts';
import { completionSchema, planCompletion } from './completion-request.ts';
import { embed, embeddingSchema } from './embeddings.ts';
import type { ToyEngine } from './engine.ts';
import type { Exchange } from './exchange.ts';
import { parseBody } from './json-body.ts';
import { replyBasis } from './reply-basis.ts';
import type { SamplingFields } from './sampling-fields.ts';
import { checkModel, scoringReply, scoringSchema } from './small-endpoints.ts';

/** The calls that reach the model, with the faults that meet them on the way. */
type Handler = (engine: ToyEngine, exchange: Exchange) => Promise<void>;

async function readBody<T extends { readonly model?: string | null | undefined }>(
  schema: z.ZodType<T>,
  engine: ToyEngine,
  exchange: Exchange,
): Promise<T> {
  const body = parseBody(schema, exchange.header('content-type'), await exchange.body());
  checkModel(body.model, engine.options.model);
  return body;
}

/** Lets a call through to the model, or answers it as the faults say. */
function withFaults(answer: Handler): Handler {
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
    await answer(engine, exchange);
  };
}

/** Calls that are answered at once; a hanging engine keeps them waiting until the client leaves. */
function atOnce<T extends { readonly model?: string | null | undefined }>(
  schema: z.ZodType<T>,
  reply: (body: T, engine: ToyEngine, exchange: Exchange) => unknown,
): Handler {
  return withFaults(async (engine, exchange) => {
    const body = await readBody(schema, engine, exchange);
    if (engine.faults.current.hang) return;
    exchange.json(200, reply(body, engine, exchange));
  });
}

function contextOf({ options, opinion }: ToyEngine): RequestContext {
  return { opinion, maxModelTokens: options.maxModelTokens, labelIds: options.labelIds };
}

function streamOptions({ stream_options: options }: SamplingFields) {
  const includeUsage = options?.include_usage ?? false;
  return { includeUsage, continuousUsage: includeUsage && (options?.continuous_usage_stats ?? false) };
}

interface Answer {
  readonly job: { start(): void; abort(): void };
  /** Sends the headers of a stream; undefined for a whole reply. */
  open?(): void;
}

/** Starts a request; the client's leaving ends it. */
function run(exchange: Exchange, answer: Answer): void {
  exchange.response.on('close', () => answer.job.abort());
  answer.job.start();
  if (!exchange.isOver) answer.open?.();
}

function sendsGarbage(engine: ToyEngine, exchange: Exchange, stream: boolean): boolean {
  if (stream || !engine.faults.current.garbageReply) return false;
  exchange.text(200, 'application/json', '<!doctype html><title>not what you asked for</title>');
  return true;
}

export const chat = withFaults(async (engine, exchange) => {
  const body = await readBody(chatSchema, engine, exchange);
  const { plan, tool } = planChat(body, [body.messages], contextOf(engine));
  const stream = body.stream === true;
  if (sendsGarbage(engine, exchange, stream)) return;
  const object = stream ? 'chat.completion.chunk' : 'chat.completion';
  const basis = replyBasis(engine, exchange, { prefix: 'chatcmpl', object });
  const options = { plan, tool, basis, withTokenIds: body.return_token_ids ?? false, isBatch: false };
  if (stream) run(exchange, new ChatStream(engine, exchange, { ...options, ...streamOptions(body) }));
  else run(exchange, new ChatReply(engine, exchange, options));
});

export const chatBatch = withFaults(async (engine, exchange) => {
  const body = await readBody(chatBatchSchema, engine, exchange);
  if (body.stream === true) throw new ApiError(400, { detail: 'Streaming is not supported for batches' });
  const { plan, tool } = planChat(body, body.messages, contextOf(engine));
  const basis = replyBasis(engine, exchange, { prefix: 'chatcmpl', object: 'chat.completion' });
  const withTokenIds = body.return_token_ids ?? false;
  run(exchange, new ChatReply(engine, exchange, { plan, tool, basis, withTokenIds, isBatch: true }));
});

export const completions = withFaults(async (engine, exchange) => {
  const body = await readBody(completionSchema, engine, exchange);
  const planned = planCompletion(body, contextOf(engine));
  const stream = body.stream === true;
  if (sendsGarbage(engine, exchange, stream)) return;
  const basis = replyBasis(engine, exchange, { prefix: 'cmpl', object: 'text_completion' });
  const options = { ...planned, basis, withTokenIds: body.return_token_ids ?? false };
  if (stream) run(exchange, new CompletionStream(engine, exchange, { ...options, ...streamOptions(body) }));
  else run(exchange, new CompletionReply(engine, exchange, options));
});

export const embeddings = atOnce(embeddingSchema, (body, engine, exchange) => {
  const { data, promptTokens } = embed(body);
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
