import type { JudgedItem, Reference } from '../../contracts/evaluation.ts';
import { usageError } from '../exit.ts';

/** Throws when a judge said nothing about any item: a name mistyped, or an engine that failed throughout. */
export function requireOpinions(path: string, items: readonly JudgedItem[], judges: readonly string[]): void {
  const known = new Set(items.flatMap((item) => [...item.opinions.keys()]));
  const missing = judges.filter((judge) => !known.has(judge));
  if (missing.length === 0) return;
  const has = [...known].slice(0, 20).join(', ') || 'none';
  throw usageError(
    missing
      .map((judge) => `${path}: no item has a judgment of "${judge}"; there are judgments of ${has}`)
      .join('\n'),
  );
}

/** Throws when there is nothing to agree with. */
export function requireReference(path: string, items: readonly JudgedItem[], reference: Reference): void {
  if (reference.type === 'judge') {
    requireOpinions(path, items, [reference.name]);
    return;
  }
  if (items.some((item) => item.gold !== null)) return;
  throw usageError(
    `${path}: no row has a gold label; give one as "gold": "a", "b" or "tie", or name a judge with --reference`,
  );
}

/** Throws when items have no texts, so that nobody can tell their strata. */
export function requireTexts(path: string, items: readonly JudgedItem[]): void {
  const without = items.filter(({ item }) => item === null).length;
  if (without === 0) return;
  throw usageError(`${path}: ${without} rows have no texts, so that --strata cannot tell what kind they are`);
}

/** `gold`, or the name of a judge. */
export function toReference(name: string): Reference {
  return name === 'gold' ? { type: 'gold' } : { type: 'judge', name };
}
