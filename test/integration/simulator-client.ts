import type { SimulatedClock, SimulatedJudge, SimulatorOptions } from '../../src/contracts/simulator.ts';
import { startSimulator } from '../../src/engines/simulator/simulator.ts';

/** An object out of JSON. Tests read deep into replies, and a step that leads nowhere fails the test. */
export type Json = Record<string, ReturnType<typeof JSON.parse>>;

/** The first of a list that has one. */
export function firstOf(list: readonly Json[] | undefined): Json {
  const [first] = list ?? [];
  if (first === undefined) throw new Error('the list is empty');
  return first;
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Json;
}

export interface SimulatorClient extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  get(path: string, init?: RequestInit): Promise<Reply>;
  post(path: string, body: unknown, init?: RequestInit): Promise<Reply>;
  /** Opens a stream and leaves it to the caller. */
  open(path: string, body: unknown, signal?: AbortSignal): Promise<Response>;
  faults(change: Json): Promise<Json>;
  state(): Promise<Json>;
  /** Asks for the state until it is as wanted; the test's own time limit ends it. */
  until(wanted: (state: Json) => boolean): Promise<Json>;
  close(): Promise<void>;
}

/** A simulator without any waiting times, except those given. */
export async function startTestSimulator(
  options: Omit<Partial<SimulatorOptions>, 'judge' | 'clock'> & {
    readonly judge?: Partial<SimulatedJudge>;
    readonly clock?: Partial<SimulatedClock>;
  } = {},
): Promise<SimulatorClient> {
  const simulator = await startSimulator({
    flavour: 'vllm',
    host: '127.0.0.1',
    port: 0,
    model: 'toy',
    apiKey: undefined,
    maxModelTokens: 2048,
    labelIds: true,
    replay: undefined,
    ...options,
    judge: {
      seed: 'test',
      sharpness: 2,
      noise: 1,
      positionBias: 0,
      labelMass: 0.98,
      preferences: [],
      ...options.judge,
    },
    clock: {
      firstTokenMs: 0,
      prefillMsPer1000Tokens: 0,
      interTokenMs: 0,
      maxRunning: 16,
      maxQueued: undefined,
      logprobsWarmUpMs: 0,
      ...options.clock,
    },
  });
  return clientOf(simulator);
}

function clientOf({ url, close }: { readonly url: string; close(): Promise<void> }): SimulatorClient {
  const client: SimulatorClient = {
    url,
    port: Number(new URL(url).port),
    get: async (path, init) => toReply(await fetch(url + path, init)),
    post: async (path, body, init) => toReply(await fetch(url + path, requestOf(body, init))),
    open: (path, body, signal) => fetch(url + path, requestOf(body, signal === undefined ? {} : { signal })),
    faults: async (change) => (await client.post('/simulator/faults', change)).json,
    state: async () => (await client.get('/simulator/state')).json,
    until: async (wanted) => {
      for (;;) {
        const state = await client.state();
        if (wanted(state)) return state;
      }
    },
    close,
    [Symbol.asyncDispose]: close,
  };
  return client;
}

function requestOf(body: unknown, init: RequestInit = {}): RequestInit {
  return {
    method: 'POST',
    ...init,
    headers: { 'content-type': 'application/json', ...(init.headers as Record<string, string> | undefined) },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  };
}

async function toReply(response: Response): Promise<Reply> {
  const text = await response.text();
  const isJson = response.headers.get('content-type') === 'application/json';
  let json: Json = {};
  if (isJson && text.startsWith('{')) json = JSON.parse(text);
  return { status: response.status, headers: response.headers, text, json };
}

/** The `data:` of each event. */
export function dataOf(text: string): string[] {
  return text
    .split('\n\n')
    .map((event) => event.trim())
    .filter((event) => event.startsWith('data: '))
    .map((event) => event.slice('data: '.length));
}

/** The events of a whole stream as objects; throws when it does not end with the marker. */
export function eventsOf(text: string): Json[] {
  const data = dataOf(text);
  if (data.pop() !== '[DONE]') throw new Error(`the stream has no end marker: ${text}`);
  return data.map((each) => JSON.parse(each) as Json);
}

/** A judge prompt as the house's templates write it. */
export function judgePrompt(
  first: string,
  second: string,
  { prompt = 'Which?', code = 'q7x2' } = {},
): string {
  return [
    'Which response is better?',
    `[prompt ${code}]\n${prompt}\n[/prompt ${code}]`,
    `[first ${code}]\n${first}\n[/first ${code}]`,
    `[second ${code}]\n${second}\n[/second ${code}]`,
    'Answer A, B or C:',
  ].join('\n\n');
}

export interface LabelAnswer {
  readonly a: number;
  readonly b: number;
  readonly tie: number;
  readonly mass: number;
}

/** Asks for the label probabilities of a pair, through token ids found with the tokenizer. */
export async function askLabels(client: SimulatorClient, content: string): Promise<LabelAnswer> {
  const ids: number[] = [];
  for (const text of ['A', ' A', 'B', ' B', 'C', ' C']) {
    const reply = await client.post('/tokenize', { prompt: text, add_special_tokens: false });
    ids.push(...(reply.json['tokens'] as number[]));
  }
  const reply = await client.post('/v1/chat/completions', {
    messages: [{ role: 'user', content }],
    max_tokens: 1,
    temperature: 0,
    logprobs: true,
    logprob_token_ids: ids,
    return_tokens_as_token_ids: true,
  });
  if (reply.status !== 200) throw new Error(reply.text);
  const listed = reply.json['choices'][0].logprobs.content[0].top_logprobs as Json[];
  const byId = new Map(listed.map((entry) => [entry['token'], Math.exp(entry['logprob'])]));
  const at = (index: number): number => byId.get(`token_id:${ids[index]}`) ?? Number.NaN;
  const [a, b, tie] = [at(0) + at(1), at(2) + at(3), at(4) + at(5)];
  return { a, b, tie, mass: a + b + tie };
}
