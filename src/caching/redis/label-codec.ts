import { hash } from 'node:crypto';
import { z } from 'zod';
import type { LabelTags, StoredLabel } from '../../contracts/cache.ts';
import { routingResultSchema } from './result-schema.ts';

/**
 * A label as Redis holds it: one line `<checksum> <tags>`, then the label as JSON. The checksum is over the
 * key too, so that a value that was damaged, cut, or put under another key is no label. Whoever can write to
 * that Redis can still write labels: it belongs to the gateways alone.
 */
export interface SealedLabel {
  readonly label: StoredLabel;
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

const bodySchema = z.strictObject({
  version: z.literal(VERSION),
  until: z.number(),
  order: z.enum(['ab', 'ba']),
  result: routingResultSchema,
});

export function encodeLabel(key: string, { label, until }: SealedLabel): string {
  const { order, result, tags } = label;
  const text = `${JSON.stringify(tags)}\n${JSON.stringify({ version: VERSION, until, order, result })}`;
  return `${checksumOf(key, text)} ${text}`;
}

/** Null for anything but what `encodeLabel` made for this key. */
export function decodeLabel(key: string, value: string): SealedLabel | null {
  const end = value.indexOf(' ');
  const text = value.slice(end + 1);
  if (end < 0 || value.slice(0, end) !== checksumOf(key, text)) return null;
  const line = text.indexOf('\n');
  const tags = tagsSchema.safeParse(jsonOf(text.slice(0, line)));
  const body = bodySchema.safeParse(jsonOf(text.slice(line + 1)));
  if (!tags.success || !body.success) return null;
  const { until, order, result } = body.data;
  return { label: { order, result, tags: tags.data }, until };
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
