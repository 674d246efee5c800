import type { FlightState, Lease, Leases, LeaseTaken } from '../../contracts/cache.ts';
import type { Clock, Random } from '../../contracts/clock.ts';
import type { RoutingResult } from '../../contracts/routing.ts';
import type { RedisConnection } from './connection.ts';
import { routingResultSchema } from './result-schema.ts';

/**
 * Leases in Redis. The value of a key is `L<holder>` while its holder judges and renews it, and for a short
 * time `R<holder>` with the result as JSON when that is shared but not kept. Every change compares the holder
 * first, so that a gateway that stood still takes nothing from the one that went on in its place.
 */
export interface LeaseOptions {
  readonly redis: RedisConnection;
  readonly prefix: string;
  /** Longest wait for one answer of Redis, in milliseconds. */
  readonly withinMs: number;
  readonly clock: Clock;
  readonly random: Random;
}

/** A holder that is silent for so long is gone. */
const LEASE_MS = 3_000;
const RENEW_MS = 1_000;
/** Those who wait look more often than this. */
const LANDED_MS = 2_000;

/** Gives the holder that is there, or takes the lease. */
const TAKE = `local held = redis.call('GET', KEYS[1])
if held and string.sub(held, 1, 1) == 'L' then return held end
redis.call('SET', KEYS[1], 'L' .. ARGV[1], 'PX', ARGV[2])
return 'taken'`;
const RENEW = `if redis.call('GET', KEYS[1]) ~= 'L' .. ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`;
const END = `if redis.call('GET', KEYS[1]) ~= 'L' .. ARGV[1] then return 0 end
if ARGV[2] == '' then return redis.call('DEL', KEYS[1]) end
redis.call('SET', KEYS[1], 'R' .. ARGV[1] .. ARGV[2], 'PX', ARGV[3])
return 1`;

export function createLeases({ redis, prefix, withinMs, clock, random }: LeaseOptions): Leases {
  const script = (text: string, key: string, ...words: readonly string[]) =>
    redis.command(['EVAL', text, '1', nameOf(key), ...words], withinMs);
  const nameOf = (key: string): string => `${prefix}lease:${key}`;

  const hold = (key: string, holder: string): Lease => {
    let stop = (): void => undefined;
    const renewLater = (): void => {
      stop = clock.after(RENEW_MS, () => {
        void script(RENEW, key, holder, String(LEASE_MS));
        renewLater();
      });
    };
    renewLater();
    return {
      async end(result) {
        stop();
        const text = result === null ? '' : JSON.stringify(result);
        await script(END, key, holder, text, String(LANDED_MS));
      },
    };
  };

  return {
    async take(key): Promise<LeaseTaken> {
      const holder = random.id('fly_');
      const reply = await script(TAKE, key, holder, String(LEASE_MS));
      if (!reply.ok || typeof reply.value !== 'string') return { type: 'away' };
      if (reply.value === 'taken') return { type: 'mine', lease: hold(key, holder) };
      return { type: 'theirs', holder: reply.value.slice(1) };
    },
    async watch(key, holder): Promise<FlightState> {
      const reply = await redis.command(['GET', nameOf(key)], withinMs);
      if (!reply.ok) return { type: 'away' };
      const { value } = reply;
      if (value === `L${holder}`) return { type: 'flying' };
      if (typeof value !== 'string' || !value.startsWith(`R${holder}`)) return { type: 'gone' };
      const result = resultOf(value.slice(1 + holder.length));
      return result === null ? { type: 'gone' } : { type: 'landed', result };
    },
  };
}

function resultOf(text: string): RoutingResult | null {
  try {
    return routingResultSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
