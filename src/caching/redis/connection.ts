import { createClient, ErrorReply } from '@redis/client';
import type { Clock } from '../../contracts/clock.ts';
import type { Logger } from '../../contracts/telemetry.ts';

/**
 * One connection to Redis that nobody ever waits for longer than they said. Redis may be down at the start,
 * be killed, freeze or crawl: then commands come back as `away`, at once. Only the first command of such a
 * time waits out its limit; after it the breaker is open until Redis answers a probe of our own in time, so
 * that no request pays for finding out. It keeps nothing in line for a Redis that is not there.
 */
export interface RedisConnection {
  /** `withinMs` is the longest that the caller waits, in milliseconds. Never rejects. */
  command(words: readonly string[], withinMs: number): Promise<RedisReply>;
  state(): RedisState;
  /** Waits for nothing: what is under way comes back as `away`. */
  close(): void;
}

export type RedisReply =
  | { readonly ok: true; readonly value: unknown }
  /** `away`: it did not answer, or not in time. `refused`: it answered with an error, such as `OOM` or `WRONGTYPE`. */
  | { readonly ok: false; readonly why: 'away' | 'refused'; readonly code: string };

/** `slow`: connected, but the breaker is open. */
export type RedisState = 'ready' | 'away' | 'slow';

export interface RedisOptions {
  /** `redis://host:port/db`, or `rediss://` for TLS. */
  readonly url: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

export interface RedisMeans {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Least time between a slow answer and the next try. */
const OPEN_MS = 500;
const PROBE_MS = 25;
/** A probe without any answer: the other end may be gone without a word. */
const DEAD_MS = 3_000;
const CONNECT_MS = 2_000;
const LONGEST_PAUSE_MS = 1_000;
const MOST_COMMANDS = 8_192;

const AWAY = { ok: false, why: 'away', code: 'away' } as const;
const LATE = { ok: false, why: 'away', code: 'timeout' } as const;

export function connectRedis(options: RedisOptions, means: RedisMeans): RedisConnection {
  const { clock, logger } = means;
  let client = open(options, (state) => report(state));
  let told: RedisState | undefined;
  let isSlow = false;
  let closed = false;

  const report = (state: RedisState, code?: string): void => {
    if (closed || told === state) return;
    // Down at the start and reachable a moment later is no news.
    if (state === 'ready' && told !== undefined) logger.info({}, 'Redis answers again');
    if (state !== 'ready') logger.warn({ state, code }, 'Redis does not answer: labels are not shared now');
    told = state;
  };
  const probe = async (): Promise<void> => {
    if (closed) return;
    const asked = run(client, ['PING']);
    if ((await inTime(asked, PROBE_MS, clock)).ok) {
      isSlow = false;
      report('ready');
      return;
    }
    const end = await inTime(asked, DEAD_MS, clock);
    if (end === LATE && !closed) {
      client.destroy();
      client = open(options, (state) => report(state));
    }
    clock.after(OPEN_MS, () => void probe());
  };
  const slow = (): void => {
    if (isSlow || closed) return;
    isSlow = true;
    report('slow', 'timeout');
    clock.after(OPEN_MS, () => void probe());
  };

  return {
    async command(words, withinMs) {
      if (isSlow || closed || !client.isReady) return AWAY;
      const reply = await inTime(run(client, words), withinMs, clock);
      if (reply === LATE) slow();
      return reply;
    },
    state: () => (!client.isReady ? 'away' : isSlow ? 'slow' : 'ready'),
    close() {
      closed = true;
      client.destroy();
    },
  };
}

type Client = ReturnType<typeof create>;

/** Connects, and again and again when the connection is lost. */
function open(options: RedisOptions, report: (state: RedisState, code?: string) => void): Client {
  const client = create(options);
  client.on('ready', () => report('ready'));
  client.on('error', (error: unknown) => report('away', codeOf(error)));
  // It rejects only when it is closed in the middle; failures are `error` events.
  client.connect().catch(() => undefined);
  return client;
}

function create({ url, username, password }: RedisOptions) {
  return createClient({
    url,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    disableOfflineQueue: true,
    commandsQueueMaxLength: MOST_COMMANDS,
    socket: {
      connectTimeout: CONNECT_MS,
      reconnectStrategy: (retries) => Math.min(50 * 2 ** retries, LONGEST_PAUSE_MS),
    },
  });
}

async function run(client: Client, words: readonly string[]): Promise<RedisReply> {
  try {
    return { ok: true, value: await client.sendCommand(words) };
  } catch (error) {
    return { ok: false, why: error instanceof ErrorReply ? 'refused' : 'away', code: codeOf(error) };
  }
}

/** First word of an error of Redis (`OOM`), or the code of one of the system; never an address. */
function codeOf(error: unknown): string {
  if (error instanceof ErrorReply) return error.message.split(' ', 1)[0] ?? 'ERR';
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return error instanceof Error ? error.constructor.name : 'unknown';
}

function inTime(reply: Promise<RedisReply>, ms: number, clock: Clock): Promise<RedisReply> {
  return new Promise((resolve) => {
    const expire = (due: number, again: boolean): (() => void) =>
      clock.after(due - clock.monotonic(), () => {
        // This process may have stood still, which is no fault of Redis: then it gets its time once more, and
        // what has arrived meanwhile is read before it counts as late.
        const overslept = clock.monotonic() - due;
        if (again && overslept > ms / 4) stop = expire(clock.monotonic() + ms, false);
        else setImmediate(() => resolve(LATE));
      });
    let stop = expire(clock.monotonic() + ms, true);
    void reply.then((value) => {
      stop();
      resolve(value);
    });
  });
}
