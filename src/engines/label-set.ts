import type { EngineResult, LabelProbe } from '../contracts/engine.ts';

/** A token as an engine names it in its lists: by id, or by its text where ids are not known. */
export type TokenKey = number | string;

/** The tokens of one set of labels for one replica's model. Each token belongs to one label. */
export interface LabelSet {
  readonly names: readonly string[];
  /** Whether `tokens` has ids or texts. */
  readonly keyedBy: 'id' | 'text';
  /** Token -> position of its label in `names`. */
  readonly tokens: ReadonlyMap<TokenKey, number>;
  /** Number of tokens of each label, in the order of `names`. */
  readonly counts: readonly number[];
}

/** Builds a set; a token that two labels claim is returned as a clash, as no reading could be fair. */
export function createLabelSet(
  keyedBy: 'id' | 'text',
  tokensByLabel: Readonly<Record<string, readonly TokenKey[]>>,
): { readonly ok: true; readonly set: LabelSet } | { readonly ok: false; readonly clash: [string, string] } {
  const names = Object.keys(tokensByLabel);
  const tokens = new Map<TokenKey, number>();
  const counts: number[] = [];
  for (const [position, name] of names.entries()) {
    const own = new Set(tokensByLabel[name]);
    for (const token of own) {
      const other = tokens.get(token);
      if (other !== undefined) return { ok: false, clash: [names[other] ?? '', name] };
      tokens.set(token, position);
    }
    counts.push(own.size);
  }
  return { ok: true, set: { names, keyedBy, tokens, counts } };
}

/**
 * The set for a probe, or the failure that says which label no single token spells or which two share one.
 * `hint` tells an operator what to do about a label without a token.
 */
export function labelSetOf(
  probe: LabelProbe,
  keyedBy: 'id' | 'text',
  tokens: Readonly<Record<string, readonly TokenKey[]>>,
  hint: string,
): EngineResult<LabelSet> {
  const unspelled = Object.keys(tokens).find((label) => tokens[label]?.length === 0);
  if (unspelled !== undefined) return rejected(probe, unspelledMessage(probe, unspelled, hint));
  const built = createLabelSet(keyedBy, tokens);
  if (built.ok) return { ok: true, value: built.set };
  const [one, other] = built.clash;
  return rejected(probe, `the labels "${one}" and "${other}" share a token; give them other spellings`);
}

function unspelledMessage({ spellings }: LabelProbe, label: string, hint: string): string {
  const tried = (spellings[label] ?? []).map((spelling) => JSON.stringify(spelling)).join(', ');
  return `no spelling of the label "${label}" is a single token after the prompt (tried ${tried}); ${hint}`;
}

function rejected({ id }: LabelProbe, message: string): EngineResult<never> {
  return {
    ok: false,
    failure: {
      code: 'engine_rejected',
      message: `label set ${id}: ${message}`,
      sent: false,
      blamesReplica: true,
    },
  };
}

/** The ids of a set, for asking an engine about exactly these; null when they are not known. */
export function idsOf({ keyedBy, tokens }: LabelSet): number[] | null {
  if (keyedBy !== 'id') return null;
  const ids = [...tokens.keys()].filter((key) => typeof key === 'number');
  return ids.length === tokens.size ? ids : null;
}

/** Ids per label, for the replica's report; empty lists when tokens are known by text. */
export function idsByLabel({ names, tokens }: LabelSet): Record<string, number[]> {
  const report = Object.fromEntries(names.map((name): [string, number[]] => [name, []]));
  for (const [key, position] of tokens) {
    if (typeof key === 'number') report[names[position] ?? '']?.push(key);
  }
  return report;
}
