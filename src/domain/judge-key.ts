import { createHash } from 'node:crypto';
import type { LogprobRoute } from './distribution.ts';
import { type PromptTemplate, type Reasoning, templateId } from './template.ts';

/**
 * Everything that makes a judge the judge it is. Change one part and the same words may get another
 * probability, so that what was proven about the old judge says nothing about the new one.
 */
export interface JudgeKeyParts {
  readonly model: string;
  /** Precision of the weights as configured; null when it is not told. */
  readonly precision: string | null;
  /** Template as `name@version`. */
  readonly prompt: string;
  /** Hash of the template's whole content, against edits without a new version. */
  readonly promptHash: string;
  readonly orders: 'one' | 'both';
  /** How label probabilities are read; null before the engine told. */
  readonly route: LogprobRoute | null;
  /** Kind and flavour of the engine, such as `openai/vllm`. */
  readonly engine: string;
  /** The engine's own fingerprint of its build and settings; null when it gives none. */
  readonly fingerprint: string | null;
}

/** The parts for people, the id for comparing. */
export interface JudgeKey {
  /** `jdg_` and 16 hexadecimal digits. */
  readonly id: string;
  readonly parts: JudgeKeyParts;
}

/** The key of a judge; equal parts give equal ids on every machine. */
export function judgeKeyOf(parts: JudgeKeyParts): JudgeKey {
  const { model, precision, prompt, promptHash, orders, route, engine, fingerprint } = parts;
  const fields = [model, precision, prompt, promptHash, orders, route, engine, fingerprint];
  return { id: `jdg_${shortHash(JSON.stringify(fields))}`, parts };
}

/** How reasons are written before the label; other settings, other reasons. */
export interface ReasonSettings {
  readonly reasoning: Reasoning;
  /** Longest reasons in tokens, thoughts included. */
  readonly maxTokens: number;
  readonly temperature: number;
}

/**
 * Name and content hash of a template, as a judge key wants them. How many items a prompt may show is part of
 * the hash where it is more than one: an item is judged otherwise in company. So are the settings of reasons.
 */
export function promptPartsOf(
  template: PromptTemplate,
  itemsPerPrompt: number,
  reasons?: ReasonSettings,
): Pick<JudgeKeyParts, 'prompt' | 'promptHash'> {
  const { defaultRubric, messages, revision, answer, labels, item } = template;
  const spellings = Object.entries(labels).sort(([one], [other]) => (one < other ? -1 : 1));
  const turns = [...messages, ...(revision ?? [])].map(({ role, content }) => [role, content]);
  const several = item === undefined ? [] : [item, itemsPerPrompt];
  return {
    prompt: templateId(template),
    promptHash: shortHash(
      JSON.stringify([defaultRubric, turns, spellings, ...several, ...reasonParts(answer, reasons)]),
    ),
  };
}

/** Nothing for judges that answer at once, so that their keys are what they were before there were others. */
function reasonParts(answer: PromptTemplate['answer'], reasons: ReasonSettings | undefined): unknown[] {
  const turns = (answer ?? []).map(({ role, content }) => [role, content]);
  if (reasons === undefined || reasons.reasoning === 'none') return turns.length === 0 ? [] : [turns];
  return [turns, reasons.reasoning, reasons.maxTokens, reasons.temperature];
}

/** Names of the parts in which two keys differ, for telling why a certificate does not apply. */
export function differingParts(one: JudgeKeyParts, other: JudgeKeyParts): (keyof JudgeKeyParts)[] {
  const names = [
    'model',
    'precision',
    'prompt',
    'promptHash',
    'orders',
    'route',
    'engine',
    'fingerprint',
  ] as const;
  return names.filter((name) => one[name] !== other[name]);
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
