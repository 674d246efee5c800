import type { Clock, Random } from '../../contracts/clock.ts';
import type { Message, OutboxStore } from '../../contracts/job-store.ts';
import type { Logger } from '../../contracts/telemetry.ts';
import { pause } from '../pause.ts';
import type { Delivery, Endpoint, Sender } from './sender.ts';

/** Sends what is in the outbox, until it arrives or is given up. */
export interface Dispatcher {
  start(): void;
  /** Resolves when nothing is on its way any more. */
  stop(): Promise<void>;
}

export interface DispatcherOptions {
  readonly store: OutboxStore;
  readonly sender: Sender;
  /** By name, as configured now; undefined when there is none any more. */
  readonly endpoint: (name: string) => Endpoint | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

const LOOK_MS = 1_000;
const AT_ONCE = 8;
/** Longer than one try: a message whose sender died is tried again after it. */
const LEASE_MS = 30_000;

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Pauses between tries, as Standard Webhooks proposes; after the last one a message is given up. */
const PAUSES_MS = [
  5_000,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
];

export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const stopping = new AbortController();
  let running: Promise<void> = Promise.resolve();
  return {
    start() {
      running = run(options, stopping.signal);
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

async function run(options: DispatcherOptions, signal: AbortSignal): Promise<void> {
  const { store, clock, logger } = options;
  while (!signal.aborted) {
    try {
      const messages = await store.dueMessages({ limit: AT_ONCE, leaseMs: LEASE_MS });
      await Promise.all(messages.map((message) => deliver(message, options)));
      if (messages.length === AT_ONCE) continue;
    } catch (err) {
      // Nothing is lost: what was leased is due again later.
      logger.warn({ err }, 'the outbox could not be worked on');
    }
    await pause(clock, LOOK_MS, signal);
  }
}

async function deliver(message: Message, options: DispatcherOptions): Promise<void> {
  const { store, sender, random, logger } = options;
  const endpoint = options.endpoint(message.endpoint);
  const delivery: Delivery =
    endpoint === undefined
      ? { type: 'failed', reason: 'there is no endpoint of this name', retryAfterMs: 0 }
      : await sender.send(message, endpoint);
  if (delivery.type === 'delivered') {
    await store.delivered(message.id);
    return;
  }
  const retryMs = delivery.type === 'refused' ? null : retryAfter(message, delivery.retryAfterMs, random);
  const fields = { message: message.id, endpoint: message.endpoint, reason: delivery.reason, retryMs };
  logger.warn(fields, 'a webhook message did not arrive');
  await store.undelivered(message.id, retryMs, delivery.reason);
}

/** Null after the last pause; some luck in each, so that many do not come at once. */
function retryAfter({ attempts }: Message, wantedMs: number, random: Random): number | null {
  const pauseMs = PAUSES_MS[attempts];
  return pauseMs === undefined ? null : Math.max(wantedMs, pauseMs * (0.8 + 0.4 * random.uniform()));
}
