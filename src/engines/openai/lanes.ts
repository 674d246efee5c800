import { Client } from 'undici';

/** One connection to a replica, made when first needed; it carries one request at a time. */
export interface Lane {
  readonly client: Client;
  /** Requests that the present connection has carried, the one under way included. */
  uses: number;
  /** Destroys the connection, be it only in the making. */
  destroy(): Promise<void>;
}

/** Who wants a lane; exactly one of the two is called, unless the waiter takes itself back first. */
export interface LaneWaiter {
  onLane(lane: Lane): void;
  onRefused(reason: 'full' | 'closed'): void;
}

/**
 * The connections to one replica, at most `connections` of them, and the queue in front of them.
 * undici's own Pool cannot take an aborted request out of its queue through `dispatch`, and it does not
 * tell which connection a request used; both are needed here (aborting in every phase, retrying a
 * keep-alive race and nothing else). The lane used last is used next, so that spare ones go idle and close.
 */
export interface Lanes {
  /** Gives `waiter` a lane, now or in its turn. The function returned gives up the place in the queue. */
  take(waiter: LaneWaiter): () => void;
  /** The request on it is over and the connection may carry another one. */
  release(lane: Lane): void;
  /** Destroys the connection, connected or not. */
  discard(lane: Lane): void;
  /** Refuses who waits and destroys all connections. */
  close(): Promise<void>;
}

export interface LaneOptions {
  readonly origin: string;
  readonly connections: number;
  readonly connectTimeoutMs: number;
}

/** Calls that may wait for a lane; each holds its request body, so there must be an end to them. */
const LONGEST_QUEUE = 16_384;

/** Below the 5 s after which uvicorn closes an idle connection, so that Assay closes it first. */
const KEEP_ALIVE_MS = 4_000;

export function createLanes(options: LaneOptions): Lanes {
  const idle: Lane[] = [];
  const all = new Set<Lane>();
  const queue = new Set<LaneWaiter>();
  let closed = false;

  const free = (): Lane | undefined =>
    idle.pop() ?? (all.size < options.connections ? openLane(options, all) : undefined);

  const serveNext = (): void => {
    const [next] = queue;
    if (next === undefined) return;
    const lane = free();
    if (lane === undefined) return;
    queue.delete(next);
    next.onLane(lane);
  };

  return {
    take(waiter) {
      const lane = closed ? undefined : free();
      if (lane !== undefined) waiter.onLane(lane);
      else if (closed) waiter.onRefused('closed');
      else if (queue.size >= LONGEST_QUEUE) waiter.onRefused('full');
      else queue.add(waiter);
      return () => queue.delete(waiter);
    },
    release(lane) {
      if (!all.has(lane)) return;
      idle.push(lane);
      serveNext();
    },
    discard(lane) {
      all.delete(lane);
      void lane.destroy();
      serveNext();
    },
    async close() {
      closed = true;
      const waiting = [...queue];
      const lanes = [...all];
      queue.clear();
      all.clear();
      idle.length = 0;
      for (const waiter of waiting) waiter.onRefused('closed');
      await Promise.all(lanes.map((lane) => lane.destroy()));
    },
  };
}

function openLane({ origin, connectTimeoutMs }: LaneOptions, all: Set<Lane>): Lane {
  // A destroyed client leaves its socket connecting until the timeout; the signal ends that too.
  const life = new AbortController();
  const client = new Client(origin, {
    connect: { timeout: connectTimeoutMs, signal: life.signal },
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    pipelining: 1,
    allowH2: false,
    // Deadlines come with the call; an engine may rightly be silent for minutes.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const lane: Lane = {
    client,
    uses: 0,
    async destroy() {
      life.abort();
      await client.destroy();
    },
  };
  client.on('connect', () => {
    lane.uses = 0;
  });
  all.add(lane);
  return lane;
}
