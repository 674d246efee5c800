import { hash } from 'node:crypto';
import { z } from 'zod';
import type { LabelTags, Stored, StoredLabel, StoredScore } from '../../contracts/cache.ts';
import { routingResultSchema, scoreResultSchema } from './result-schema.ts';

/**
 * A label, or a score, as Redis holds it: one line `<checksum> <tags>`, then it as JSON. The checksum is over the
 * key too, so that a value that was damaged, cut, or put under another key is no label. Whoever can write to
 * that Redis can still write labels: it belongs to the gateways alone.
 */
export interface Codec<L extends Stored> {
  encode(key: string, sealed: Sealed<L>): string;
  /** Null for anything but what `encode` made for this key. */
  decode(key: string, value: string): Sealed<L> | null;
}

interface Sealed<L> {
  readonly label: L;
  /** Milliseconds since 1970. */
  readonly until: number;
}

/** Longest first line. */
export const HEAD_BYTES = 4_096;
const VERSION = 1;

const tagsSchema = z.strictObject({
  judges: z.array(z.string()),
  rubric: z.string().nullable(),
  policy: z.string(),
  team: z.string(),
}) satisfies z.ZodType<LabelTags>;

const sealing = { version: z.literal(VERSION), until: z.number() };
const labelBody = z.strictObject({ ...sealing, order: z.enum(['ab', 'ba']), result: routingResultSchema });
const scoreBody = z.strictObject({ ...sealing, result: scoreResultSchema });

export const labelCodec: Codec<StoredLabel> = {
  encode: (key, { label: { order, result, tags }, until }) =>
    seal(key, tags, { version: VERSION, until, order, result }),
  decode(key, value) {
    const opened = open(key, value, labelBody);
    if (opened === null) return null;
    const { until, order, result } = opened.body;
    return { label: { order, result, tags: opened.tags }, until };
  },
};

export const scoreCodec: Codec<StoredScore> = {
  encode: (key, { label: { result, tags }, until }) => seal(key, tags, { version: VERSION, until, result }),
  decode(key, value) {
    const opened = open(key, value, scoreBody);
    if (opened === null) return null;
    const { until, result } = opened.body;
    return { label: { result, tags: opened.tags }, until };
  },
};

function seal(key: string, tags: LabelTags, body: object): string {
  const text = `${JSON.stringify(tags)}\n${JSON.stringify(body)}`;
  return `${checksumOf(key, text)} ${text}`;
}

function open<B>(
  key: string,
  value: string,
  schema: z.ZodType<B>,
): { readonly tags: LabelTags; readonly body: B } | null {
  const end = value.indexOf(' ');
  const text = value.slice(end + 1);
  if (end < 0 || value.slice(0, end) !== checksumOf(key, text)) return null;
  const line = text.indexOf('\n');
  const tags = tagsSchema.safeParse(jsonOf(text.slice(0, line)));
  const body = schema.safeParse(jsonOf(text.slice(line + 1)));
  return tags.success && body.success ? { tags: tags.data, body: body.data } : null;
}

/** Tags of a value of which only the beginning is known; null when it is no label. */
export function decodeTags(head: string): LabelTags | null {
  const line = head.indexOf('\n');
  const tags = tagsSchema.safeParse(jsonOf(head.slice(head.indexOf(' ') + 1, line < 0 ? 0 : line)));
  return tags.success ? tags.data : null;
}

function checksumOf(key: string, text: string): string {
  return hash('sha256', `${key} ${text}`, 'base64url').slice(0, 22);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
