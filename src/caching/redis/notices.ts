import { z } from 'zod';
import type { LabelFilter } from '../../contracts/cache.ts';
import type { Clock } from '../../contracts/clock.ts';
import type { RedisConnection } from './connection.ts';

/**
 * Tells the other gateways which of their copies are out of date: a stream in Redis that each of them reads
 * about once a second, from where it stopped. A gateway that was cut off reads on; one that missed more than
 * the stream holds forgets all copies.
 */
export interface Notices {
  tell(notice: Notice): void;
  close(): void;
}

export type Notice = { readonly keys: readonly string[] } | { readonly filter: LabelFilter };

export interface NoticesOptions {
  readonly redis: RedisConnection;
  readonly prefix: string;
  /** Unique among the gateways: nobody hears what it said itself. */
  readonly gateway: string;
  readonly clock: Clock;
  heard(notice: Notice | 'everything'): void;
}

const EVERY_MS = 1_000;
const WITHIN_MS = 50;
const KEPT = 10_000;
const PAGE = 1_000;
const BEGINNING = '0-0';

const noticeSchema = z.union([
  z.strictObject({ keys: z.array(z.string()) }),
  z.strictObject({
    filter: z.strictObject({
      judge: z.string().exactOptional(),
      rubric: z.string().exactOptional(),
      policy: z.string().exactOptional(),
      team: z.string().exactOptional(),
    }),
  }),
]) satisfies z.ZodType<Notice>;

/** `[id, [name, value, …]]` of Redis, the values of which are ours. */
const entriesSchema = z.array(z.tuple([z.string(), z.array(z.string())]));

export function createNotices(options: NoticesOptions): Notices {
  const { redis, clock, gateway } = options;
  const stream = `${options.prefix}notices`;
  // From the beginning: labels are copied as soon as Redis answers, which may be before the first look. What is
  // older than this gateway costs it a few copies at most.
  let last = BEGINNING;
  let stop: (() => void) | null = null;
  let closed = false;

  /** Entries, or null when there was no answer. */
  const ask = async (words: readonly string[]): Promise<z.output<typeof entriesSchema> | null> => {
    const reply = await redis.command(words, WITHIN_MS);
    const entries = entriesSchema.safeParse(reply.ok ? reply.value : null);
    return entries.success ? entries.data : null;
  };
  const read = async (): Promise<void> => {
    const [oldest] = (await ask(['XRANGE', stream, '-', '+', 'COUNT', '1'])) ?? [];
    if (oldest !== undefined && last !== BEGINNING && isAfter(oldest[0], last)) options.heard('everything');
    let page;
    do {
      page = await ask(['XRANGE', stream, `(${last}`, '+', 'COUNT', String(PAGE)]);
      for (const [id, fields] of page ?? []) {
        last = id;
        hear(fields);
      }
    } while (page?.length === PAGE && !closed);
  };
  const hear = ([from, text]: readonly string[]): void => {
    if (from === gateway || text === undefined) return;
    const notice = noticeSchema.safeParse(jsonOf(text));
    options.heard(notice.success ? notice.data : 'everything');
  };
  const tick = async (): Promise<void> => {
    await read();
    if (!closed) stop = clock.after(EVERY_MS, () => void tick());
  };
  void tick();

  return {
    tell: (notice) => {
      const words = ['XADD', stream, 'MAXLEN', '~', String(KEPT), '*', gateway, JSON.stringify(notice)];
      void redis.command(words, WITHIN_MS);
    },
    close() {
      closed = true;
      stop?.();
    },
  };
}

/** Ids of streams are `<milliseconds>-<number>`. */
function isAfter(one: string, other: string): boolean {
  const [ms = 0, n = 0] = one.split('-').map(Number);
  const [otherMs = 0, otherN = 0] = other.split('-').map(Number);
  return ms === otherMs ? n > otherN : ms > otherMs;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
