import { hash } from 'node:crypto';
import type { Call } from '../../contracts/call.ts';
import type { Embedder } from '../../contracts/embedder.ts';
import type { Item } from '../../domain/item.ts';
import type { LabelScope } from '../label-key.ts';
import { guardOf } from './guard.ts';
import type { Probe } from './vector-index.ts';

/** What a preference item is searched by; null when its vectors could not be had. */
export async function probeOf(item: Item, embedder: Embedder, call: Call): Promise<Probe | null> {
  const texts = textsOf(item);
  const [prompt, first, second] = (await embedder.embed(texts, call)) ?? [];
  if (prompt === undefined || first === undefined || second === undefined) return null;
  return { prompt, first, second, guard: guardOf(texts) };
}

/** Whose labels may be compared at all: what differs here is never similar. */
export function scopeOf(
  { team, promise, stratum }: LabelScope,
  { rubric, prompt }: Item,
  { id }: Embedder,
): string {
  const guide = rubric === undefined ? null : [rubric.id, rubric.text];
  const roles = typeof prompt === 'string' ? null : prompt.map(({ role }) => role);
  return hash(
    'sha256',
    JSON.stringify(['preference', team, promise, stratum, guide, roles, id]),
    'base64url',
  );
}

function textsOf({ prompt, candidates }: Item): readonly string[] {
  const asked = typeof prompt === 'string' ? prompt : prompt.map(({ content }) => content).join('\n\n');
  return [asked, candidates[0] ?? '', candidates[1] ?? ''];
}
