import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** An item as it came over the wire. */
export interface AskedItem {
  readonly id: string;
  readonly prompt: unknown;
  readonly candidates: readonly [string, string];
  readonly rubric: string | null;
  readonly metadata: Record<string, unknown>;
  readonly policy: string | null;
}

/** Another answer than a verdict. */
export interface FakeFailure {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Record<string, string>;
}

export interface FakeGatewayOptions {
  /** When set, requests need this Bearer key. */
  readonly apiKey?: string;
  /** Time that an answer takes. */
  readonly delayMs?: number;
  readonly port?: number;
  /** Decides what an item gets; undefined for a verdict. `tries` counts from 1 per item id. */
  readonly failure?: (item: AskedItem, tries: number) => FakeFailure | 'destroy' | undefined;
  /** Other fields of an item's verdict. */
  readonly verdict?: (item: AskedItem) => Record<string, unknown>;
}

export interface FakeGateway {
  readonly url: string;
  readonly port: number;
  /** Every item that was asked, in the order of arrival. */
  readonly asked: AskedItem[];
  /** Most requests that were under way at once. */
  readonly mostAtOnce: () => number;
  /** Resolves when so many items have been asked. */
  readonly untilAsked: (count: number) => Promise<void>;
  close(): Promise<void>;
}

/** A gateway on loopback that judges by a rule: the candidate with the larger hash is better. */
export async function startFakeGateway(options: FakeGatewayOptions = {}): Promise<FakeGateway> {
  const asked: AskedItem[] = [];
  const tries = new Map<string, number>();
  const sockets = new Set<Socket>();
  const waiting: { count: number; resolve: () => void }[] = [];
  let atOnce = 0;
  let mostAtOnce = 0;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    atOnce += 1;
    mostAtOnce = Math.max(mostAtOnce, atOnce);
    try {
      const item = await readItem(request);
      if (options.apiKey !== undefined && request.headers.authorization !== `Bearer ${options.apiKey}`) {
        send(response, 401, envelope('unauthenticated', 'the API key is missing or not valid'));
        return;
      }
      if (request.url !== '/v1/feedback/preferences' || item === null) {
        send(response, 404, envelope('not_found', `there is nothing at ${request.url}`));
        return;
      }
      asked.push(item);
      for (const waiter of waiting) if (asked.length >= waiter.count) waiter.resolve();
      if (options.delayMs !== undefined) await delay(options.delayMs);
      const count = (tries.get(item.id) ?? 0) + 1;
      tries.set(item.id, count);
      const failure = options.failure?.(item, count);
      if (failure === 'destroy') request.socket.destroy();
      else if (failure !== undefined) send(response, failure.status, failure.body, failure.headers);
      else send(response, 200, reply({ ...verdictOf(item), ...options.verdict?.(item) }));
    } finally {
      atOnce -= 1;
    }
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    asked,
    mostAtOnce: () => mostAtOnce,
    untilAsked: (count) =>
      new Promise((resolve) => {
        if (asked.length >= count) resolve();
        else waiting.push({ count, resolve });
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** The error envelope of the public API. */
export function envelope(code: string, message: string, param: string | null = null): unknown {
  return { error: { message, type: 'some_error', param, code } };
}

async function readItem(request: IncomingMessage): Promise<AskedItem | null> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  if (text === '') return null;
  const body = JSON.parse(text) as { policy: string | null; items: [Omit<AskedItem, 'policy'>] };
  return { ...body.items[0], policy: body.policy };
}

function send(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text);
}

function reply(verdict: Record<string, unknown>): unknown {
  return { id: 'req_1', object: 'list', data: [verdict], summary: { items: 1 } };
}

/** The better one of two texts, whatever their order. */
export function betterOf(one: string, other: string): string {
  const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
  return digest(one) >= digest(other) ? one : other;
}

function verdictOf(item: AskedItem): Record<string, unknown> {
  const [a, b] = item.candidates;
  const label = betterOf(a, b) === a ? 'a' : 'b';
  // Every third item or so goes on to the large judge.
  const isHard = (a.length + b.length) % 3 === 0;
  const tiers = isHard ? ['small', 'large'] : ['small'];
  const trail = tiers.flatMap((tier) => ['ab', 'ba'].map((order) => trailEntry(tier, order, label)));
  return {
    id: `vrd_${item.id}`,
    item_id: item.id,
    task: 'preference',
    outcome: 'ok',
    label,
    probabilities: label === 'a' ? { a: 0.9, b: 0.08, tie: 0.02 } : { a: 0.08, b: 0.9, tie: 0.02 },
    confidence: isHard ? 0.8 : 0.9,
    certificate: null,
    difficulty: null,
    tier: tiers.at(-1),
    cached: false,
    cost: {
      usd: isHard ? 0.000022 : 0.000002,
      input_tokens: 100,
      cached_input_tokens: 0,
      output_tokens: 2,
      engine_seconds: 0.01,
    },
    inclusion_probability: 1,
    flags: isHard ? ['uncertified', 'position_inconsistent'] : ['uncertified'],
    trail,
    decisions: [],
    error: null,
    metadata: item.metadata,
  };
}

function trailEntry(tier: string, order: string, label: string): Record<string, unknown> {
  return {
    tier,
    judge: tier,
    engine: `engine-${tier}`,
    model: tier,
    replica: 'http://127.0.0.1:1',
    pick: 'only one ready',
    attempts: 1,
    prompt: 'preference/label@1',
    order,
    p_first: order.startsWith(label) ? 0.9 : 0.1,
    p_tie: 0.02,
    label_mass: 0.99,
    route: 'label_ids',
    fingerprint: null,
    ms: 3,
    cost_usd: tier === 'small' ? 0.000001 : 0.00001,
    error: null,
  };
}
