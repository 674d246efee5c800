import { type JudgeKey, judgeKeyOf, promptPartsOf } from '../domain/judge-key.ts';
import type { Judgment } from '../domain/judgment.ts';
import type { TrailEntry } from '../domain/verdict.ts';
import type { PreferenceJudgeOptions } from './preference-judge.ts';

/** Key of a judgment from its calls, and from the earlier one that it completes. */
export type KeyOf = (trail: readonly TrailEntry[], before: Judgment | undefined) => JudgeKey;

/** Builds seen at one time; an engine with more of them is mended, not remembered. */
const MOST_KEYS = 64;

/** Keys are hashed once for each build of the engine, not for each judgment. */
export function createJudgeKeys(options: PreferenceJudgeOptions): KeyOf {
  const { engine, engineKind, template } = options;
  const prompt = promptPartsOf(template);
  const known = new Map<string, JudgeKey>();
  return (trail, before) => {
    const route = trail[0]?.route ?? null;
    const fingerprint = joined([
      before?.key.parts.fingerprint ?? null,
      ...trail.map((entry) => entry.fingerprint),
    ]);
    const orders = trail.length + (before?.readings.length ?? 0) > 1 ? 'both' : 'one';
    const name = `${orders} ${route} ${fingerprint}`;
    const found = known.get(name);
    if (found !== undefined) return found;
    const { model, precision } = engine;
    const key = judgeKeyOf({ model, precision, ...prompt, orders, route, engine: engineKind, fingerprint });
    if (known.size >= MOST_KEYS) known.clear();
    known.set(name, key);
    return key;
  };
}

/** Two orders answered by two builds are neither's judgment. */
function joined(fingerprints: readonly (string | null)[]): string | null {
  const told = new Set(fingerprints.filter((fingerprint) => fingerprint !== null));
  return told.size === 0 ? null : [...told].toSorted().join('+');
}
