import type { LabelFilter, SharedLabels, SharedLabelStats, Stored } from '../../contracts/cache.ts';
import type { Clock } from '../../contracts/clock.ts';
import type { Logger } from '../../contracts/telemetry.ts';
import { fits } from '../label-tags.ts';
import type { RedisConnection, RedisReply } from './connection.ts';
import { type Codec, decodeTags, HEAD_BYTES } from './label-codec.ts';
import type { Notices } from './notices.ts';

/** Labels, or scores, in Redis: one value for each key, each with its own time to live. */
export interface SharedLabelOptions<L extends Stored> {
  readonly redis: RedisConnection;
  /** Before every key. */
  readonly prefix: string;
  /** Longest wait for a label, in milliseconds. */
  readonly readMs: number;
  readonly writeMs: number;
  readonly notices: Notices;
  readonly codec: Codec<L>;
  /** What is counted, also by others of the same gateway. */
  readonly counts: SharedCounts;
  readonly clock: Clock;
  readonly logger: Logger;
}

type Found<L> = { readonly label: L; readonly ttlMs: number };

type SharedCounts = { -readonly [count in keyof Omit<SharedLabelStats, 'state'>]: number };

export function newSharedCounts(): SharedCounts {
  return { hits: 0, misses: 0, away: 0, refused: 0, unreadable: 0 };
}

/** Writes under way; more are left out, as a store that is slower than that helps nobody. */
const MOST_WRITES = 1_024;
/** Keys looked at by one step of a sweep. */
const SWEEP_STEP = 500;
const SWEEP_MS = 2_000;

export function createSharedLabels<L extends Stored>(options: SharedLabelOptions<L>): SharedLabels<L> {
  const { redis, prefix, clock, notices, codec, counts } = options;
  let writes = 0;

  const write = async (words: readonly string[]): Promise<void> => {
    if (writes >= MOST_WRITES) return;
    writes += 1;
    const reply = await redis.command(words, options.writeMs);
    writes -= 1;
    if (!reply.ok) counts[reply.why] += 1;
  };
  const unreadable = (key: string, why: string): void => {
    counts.unreadable += 1;
    options.logger.warn({ why }, 'a value in Redis is no label: removed');
    void write(['UNLINK', prefix + key]);
  };
  const read = (key: string, reply: RedisReply): Found<L> | undefined => {
    if (!reply.ok) {
      if (reply.code === 'WRONGTYPE') unreadable(key, 'another type');
      else counts.away += 1;
      return undefined;
    }
    if (typeof reply.value !== 'string') return undefined;
    const sealed = codec.decode(key, reply.value);
    if (sealed === null) {
      unreadable(key, 'damaged, or of another version');
      return undefined;
    }
    const ttlMs = sealed.until - clock.now();
    return ttlMs > 0 ? { label: sealed.label, ttlMs } : undefined;
  };

  return {
    async get(keys) {
      const replies = keys.map((key) => redis.command(['GET', prefix + key], options.readMs));
      let found: Found<L> | undefined;
      for (const [i, reply] of (await Promise.all(replies)).entries()) {
        found ??= read(keys[i] ?? '', reply);
      }
      counts[found === undefined ? 'misses' : 'hits'] += 1;
      return found;
    },
    set(key, label, ttlMs) {
      const value = codec.encode(key, { label, until: clock.now() + ttlMs });
      return write(['SET', prefix + key, value, 'PX', String(Math.ceil(ttlMs))]);
    },
    delete: (keys) => write(['UNLINK', ...keys.map((key) => prefix + key)]),
    outdated: (keys) => notices.tell({ keys }),
    async sweep(filter, drop) {
      const count = await sweep(options, filter, drop);
      if (drop) notices.tell({ filter });
      return count;
    },
    stats: (): SharedLabelStats => ({ state: redis.state(), ...counts }),
  };
}

/** Walks over all keys; what is written meanwhile may be seen or not. Null when Redis left on the way. */
async function sweep(
  { redis, prefix }: Pick<SharedLabelOptions<Stored>, 'redis' | 'prefix'>,
  filter: LabelFilter,
  drop: boolean,
): Promise<number | null> {
  const isMeant = fits(filter);
  const seen = new Set<string>();
  let cursor = '0';
  do {
    const scanned = await redis.command(
      ['SCAN', cursor, 'MATCH', `${escaped(prefix)}*`, 'COUNT', String(SWEEP_STEP), 'TYPE', 'string'],
      SWEEP_MS,
    );
    if (!scanned.ok) return null;
    const page = pageOf(scanned.value);
    const heads = await Promise.all(
      page.keys.map((key) => redis.command(['GETRANGE', key, '0', String(HEAD_BYTES - 1)], SWEEP_MS)),
    );
    const meant = page.keys.filter((_, i) => {
      const head = heads[i];
      const tags = head?.ok === true && typeof head.value === 'string' ? decodeTags(head.value) : null;
      return tags !== null && isMeant(tags);
    });
    if (drop && meant.length > 0 && !(await redis.command(['UNLINK', ...meant], SWEEP_MS)).ok) return null;
    // A scan may give a key twice.
    for (const key of meant) seen.add(key);
    cursor = page.cursor;
  } while (cursor !== '0');
  return seen.size;
}

function pageOf(value: unknown): { readonly cursor: string; readonly keys: readonly string[] } {
  if (!Array.isArray(value)) return { cursor: '0', keys: [] };
  const [cursor, keys] = value as readonly unknown[];
  return {
    cursor: typeof cursor === 'string' ? cursor : '0',
    keys: Array.isArray(keys) ? keys.filter((key) => typeof key === 'string') : [],
  };
}

/** Redis patterns know `*?[]^-\`. */
function escaped(text: string): string {
  return text.replaceAll(/[*?[\]^\\-]/g, String.raw`\$&`);
}
