import type { Call } from '../../contracts/call.ts';
import type {
  DistributionReply,
  DistributionRequest,
  EngineFailure,
  EngineResult,
  LabelBatches,
} from '../../contracts/engine.ts';
import { shareUsage } from '../../domain/cost.ts';
import type { Message } from '../../domain/item.ts';
import { type LabelQuestionForm, positionsOf } from './distribution.ts';
import { corruptFailure, garbageFailure } from './failures.ts';
import { readFinishReason } from './finish-reason.ts';
import { exchangeJson } from './json-exchange.ts';
import { isObject, type JsonObject } from './json.ts';
import { readLabels } from './label-reading.ts';
import { type RequestTag, tagOf, type Transport } from './transport.ts';
import { readUsage, toUsage, UNKNOWN_USAGE } from './usage.ts';

/**
 * Several label questions in one request, for engines that take a list of conversations: each is rendered by the
 * model's own chat template, as it is alone. (A list of prompts for `/v1/completions` would need the rendered
 * texts, and no engine gives those without another request for each.)
 */
export interface BatchAccess {
  readonly transport: Transport;
  readonly path: string;
  readonly form: LabelQuestionForm;
}

/** An engine that renders and answers more at once keeps every question waiting for the last of them. */
export const LARGEST_BATCH = 128;

export interface BatchAnswer {
  /** One for each conversation, in their order. */
  readonly answers: readonly EngineResult<DistributionReply>[];
  readonly reportsCached: boolean;
}

/** Asks all conversations at once. */
export async function askLabelBatch(
  { transport, path, form }: BatchAccess,
  conversations: readonly (readonly Message[])[],
  marks: JsonObject,
  call: RequestTag,
): Promise<EngineResult<BatchAnswer>> {
  const body = `${form.batchHead},${JSON.stringify({ ...marks, messages: conversations }).slice(1)}`;
  const request = { method: 'POST', path, body, ...tagOf(call) } as const;
  const reply = await exchangeJson(transport, request, call.signal);
  if (!reply.ok) return { ok: false, failure: reply.failure };
  const { value } = reply.value;
  const choices = choicesByIndex(value['choices'], conversations.length);
  if (choices === null) return { ok: false, failure: WRONG_CHOICES };
  const usage = readUsage(value['usage']) ?? UNKNOWN_USAGE;
  const usages = shareUsage(toUsage(usage), conversations.map(charactersOf));
  const told = value['system_fingerprint'];
  const fingerprint = typeof told === 'string' ? told : null;
  const answers = choices.map((choice, place) => {
    const own = usages[place];
    return own === undefined ? WRONG : readChoice(form, choice, { usage: own, fingerprint });
  });
  return { ok: true, value: { answers, reportsCached: usage.reportsCached } };
}

function readChoice(
  { set, route }: LabelQuestionForm,
  choice: JsonObject,
  rest: Pick<DistributionReply, 'usage' | 'fingerprint'>,
): EngineResult<DistributionReply> {
  if (readFinishReason(choice['finish_reason']) === 'gave-up') return failed(GAVE_UP);
  const [position] = positionsOf({ choices: [choice] });
  if (position === undefined) return failed(NO_LOGPROBS);
  if (isObject(position) && position['logprob'] === null) return failed(NOT_NUMBERS);
  const reading = readLabels(set, route, position);
  return reading.ok ? { ok: true, value: { distribution: reading.distribution, ...rest } } : reading;
}

/** The choices in the order of the conversations, found by their index alone; null unless each is there once. */
function choicesByIndex(choices: unknown, count: number): JsonObject[] | null {
  if (!Array.isArray(choices) || choices.length !== count) return null;
  const found = new Map<unknown, JsonObject>();
  for (const choice of choices) if (isObject(choice)) found.set(choice['index'], choice);
  const ordered = Array.from({ length: count }, (_, index) => found.get(index));
  return ordered.every((choice) => choice !== undefined) ? ordered : null;
}

function charactersOf(messages: readonly Message[]): number {
  let characters = 1;
  for (const { content } of messages) characters += content.length;
  return characters;
}

function failed(failure: EngineFailure): { readonly ok: false; readonly failure: EngineFailure } {
  return { ok: false, failure };
}

const WRONG_CHOICES = garbageFailure('the engine did not answer each conversation of a batch once');
const WRONG = failed(WRONG_CHOICES);
const GAVE_UP = garbageFailure('the engine gave up its answer');
const NO_LOGPROBS = garbageFailure('the engine answered a batch without log-probabilities');
const NOT_NUMBERS = corruptFailure('the engine computed log-probabilities that are no numbers (NaN)');

/** What a replica knows of its batches after a warm-up. */
export interface BatchParts {
  readonly transport: Transport;
  readonly path: string;
  readonly forms: ReadonlyMap<string, LabelQuestionForm>;
  readonly tellsCachedTokens: boolean;
  marksOf(request: DistributionRequest, call: Call): JsonObject;
  tag(call: Call): RequestTag;
}

export function createLabelBatches({
  tellsCachedTokens,
  forms,
  marksOf,
  tag,
  ...access
}: BatchParts): LabelBatches {
  return {
    maximum: LARGEST_BATCH,
    tellsCachedTokens,
    keyOf: (request, call) => `${request.labels} ${JSON.stringify(marksOf(request, call))}`,
    async ask(requests, call) {
      const [first] = requests;
      const form = first === undefined ? undefined : forms.get(first.labels);
      if (first === undefined || form === undefined) return { ok: true, value: [] };
      const conversations = requests.map(({ messages }) => messages);
      const reply = await askLabelBatch({ ...access, form }, conversations, marksOf(first, call), tag(call));
      return reply.ok ? { ok: true, value: reply.value.answers } : reply;
    },
  };
}
