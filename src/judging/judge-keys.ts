import type { Engine } from '../contracts/engine.ts';
import {
  type JudgeKey,
  judgeKeyOf,
  type JudgeKeyParts,
  promptPartsOf,
  type ReasonSettings,
} from '../domain/judge-key.ts';
import type { PromptTemplate } from '../domain/template.ts';
import type { TrailEntry } from '../domain/verdict.ts';

/** Key of a judgment from its calls, and from the key of the earlier one that it completes. */
export type KeyOf = (
  orders: JudgeKeyParts['orders'],
  trail: readonly TrailEntry[],
  earlier?: JudgeKey,
) => JudgeKey;

/** Builds seen at one time; an engine with more of them is mended, not remembered. */
const MOST_KEYS = 64;

export interface KeySource {
  readonly engine: Engine;
  /** Kind and dialect of the engine, such as `openai/vllm`. */
  readonly engineKind: string;
  readonly template: PromptTemplate;
  /** Most items of one prompt; absent is 1. */
  readonly itemsPerPrompt?: number;
  /** Absent for judges that answer at once. */
  readonly reasons?: ReasonSettings;
}

/** Keys are hashed once for each build of the engine, not for each judgment. */
export function createJudgeKeys(source: KeySource): KeyOf {
  const { engine, engineKind, template, itemsPerPrompt = 1, reasons } = source;
  const prompt = promptPartsOf(template, itemsPerPrompt, reasons);
  const known = new Map<string, JudgeKey>();
  return (orders, trail, earlier) => {
    const route = trail.find((entry) => entry.route !== null)?.route ?? null;
    const fingerprint = joined([
      earlier?.parts.fingerprint ?? null,
      ...trail.map((entry) => entry.fingerprint),
    ]);
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
