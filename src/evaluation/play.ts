import type { JudgedItem, PolicyAnswer } from '../contracts/evaluation.ts';
import type { AcceptanceRule } from '../contracts/routing.ts';
import type { Item } from '../domain/item.ts';
import { labelOf } from '../domain/preference.ts';

/** One tier of a cascade over recorded judgments. */
export interface RecordedTier {
  readonly judge: string;
  readonly rule: AcceptanceRule;
}

/**
 * The items with the answers that a cascade would have given from their recorded judgments: the first tier
 * whose rule accepts. The last tier's rule decides between a label and abstaining.
 */
export function playCascade(items: readonly JudgedItem[], tiers: readonly RecordedTier[]): JudgedItem[] {
  return items.map((item) => ({ ...item, verdict: answerOf(item, tiers) }));
}

function answerOf(judged: JudgedItem, tiers: readonly RecordedTier[]): PolicyAnswer {
  const item = judged.item ?? withoutTexts(judged.id);
  let answer = NOT_JUDGED;
  let nanoUsd: number | null = 0;
  let ms: number | null = 0;
  for (const { judge, rule } of tiers) {
    const opinion = judged.opinions.get(judge);
    if (opinion === undefined) continue;
    nanoUsd = nanoUsd === null || opinion.nanoUsd === null ? null : nanoUsd + opinion.nanoUsd;
    ms = ms === null || opinion.ms === null ? null : ms + opinion.ms;
    const { judgment } = opinion;
    const { accept, certificate } = rule.decide(judgment, item);
    const label = accept ? labelOf(judgment.probabilities) : null;
    const outcome = label === null ? 'abstained' : label === 'tie' ? 'tie' : 'ok';
    answer = { outcome, label, confidence: judgment.confidence, tier: judge, certificate, nanoUsd, ms };
    if (label !== null) return answer;
  }
  return answer;
}

const NOT_JUDGED: PolicyAnswer = {
  outcome: 'engine_failed',
  label: null,
  confidence: null,
  tier: null,
  certificate: null,
  nanoUsd: null,
  ms: null,
};

/** Rules see an item; of a file of verdicts no more is known than its id. */
function withoutTexts(id: string): Item {
  return { id, prompt: '', candidates: [], rubric: undefined, metadata: {} };
}
