import { createHash } from 'node:crypto';
import type { Message } from '../../domain/item.ts';
import type { InputItem, Prompt } from '../label/item.ts';
import type { GroupKeys } from './groups.ts';
import { type Preference, preferenceOf } from './preference.ts';
import { provenanceOf } from './provenance.ts';
import type { ReadVerdict } from './verdicts.ts';

/** Rows that one item makes alone. */
const ITEM_SHAPES = ['preference', 'unpaired', 'kto', 'ultrafeedback', 'llama-factory', 'hh'] as const;
/** Rows that the scored items of a group make together. */
const GROUP_SHAPES = ['stepwise', 'ultrafeedback-full'] as const;
export type ItemShape = (typeof ITEM_SHAPES)[number];
export type GroupShape = (typeof GROUP_SHAPES)[number];

export const SHAPES = [...ITEM_SHAPES, ...GROUP_SHAPES] as const;
export type Shape = (typeof SHAPES)[number];

export function isGroupShape(shape: Shape): shape is GroupShape {
  return GROUP_SHAPES.some((name) => name === shape);
}

export const TIE_RULES = ['drop', 'both', 'soft'] as const;
/** A tie makes no row, one for either order, or one whose probability says that it is none. */
export type TieRule = (typeof TIE_RULES)[number];

export interface ShapeOptions {
  readonly shape: Shape;
  readonly ties: TieRule;
  /** Score from which an unpaired completion or a step is a good one, in [0, 1]. */
  readonly threshold: number;
  /** Where items say which group they belong to. */
  readonly keys: GroupKeys;
}

type ItemOptions = ShapeOptions & { readonly shape: ItemShape };

export type ExportRow = Readonly<Record<string, unknown>>;

/** The rows that an item with its verdict becomes; none when it says nothing that this shape can hold. */
export function rowsOf(item: InputItem, verdict: ReadVerdict, options: ItemOptions): ExportRow[] {
  const unpaired = options.shape === 'unpaired' || options.shape === 'kto';
  const rows = unpaired ? unpairedRows(item, verdict, options) : pairedRows(item, verdict, options);
  const provenance = provenanceOf(item, verdict, rows.length);
  return rows.map((row) => ({ ...row, ...provenance }));
}

function pairedRows(item: InputItem, verdict: ReadVerdict, { shape, ties }: ItemOptions): ExportRow[] {
  const preference = preferenceOf(item, verdict);
  if (preference === null) return [];
  const pairs = preference.isTie ? ofTie(preference, ties) : [preference];
  return pairs.map((pair) => ({
    ...PAIRED[shape === 'unpaired' || shape === 'kto' ? 'preference' : shape](item.prompt, pair),
    p_chosen: pair.probability,
  }));
}

function ofTie(tie: Preference, rule: TieRule): Preference[] {
  const { chosen, rejected, probability } = tie;
  if (rule === 'drop') return [];
  if (rule === 'soft') return [tie];
  const turned = probability === null ? null : 1 - probability;
  return [tie, { chosen: rejected, rejected: chosen, probability: turned, isTie: true }];
}

/** A tie does not say that both are good, so it makes no row here under any rule. */
function unpairedRows(item: InputItem, verdict: ReadVerdict, { threshold }: ItemOptions): ExportRow[] {
  const { prompt } = item;
  if (verdict.outcome === 'ok' && verdict.score !== undefined) {
    const { score } = verdict.score;
    const [response = ''] = item.candidates;
    return [{ prompt, completion: answer(prompt, response), label: score >= threshold, score }];
  }
  const preference = preferenceOf(item, verdict);
  if (preference === null || preference.isTie) return [];
  const { chosen, rejected, probability } = preference;
  return [
    { prompt, completion: answer(prompt, chosen), label: true, score: probability },
    {
      prompt,
      completion: answer(prompt, rejected),
      label: false,
      score: probability === null ? null : 1 - probability,
    },
  ];
}

type Render = (prompt: Prompt, pair: Preference) => ExportRow;

const PAIRED: Readonly<Record<Exclude<ItemShape, 'unpaired' | 'kto'>, Render>> = {
  preference: (prompt, { chosen, rejected }) => ({
    prompt,
    chosen: answer(prompt, chosen),
    rejected: answer(prompt, rejected),
  }),
  ultrafeedback: (prompt, { chosen, rejected, probability }) => {
    const turns = messagesOf(prompt);
    const text = turns.findLast(({ role }) => role === 'user')?.content ?? '';
    const withAnswer = (content: string): Message[] => [...turns, { role: 'assistant', content }];
    return {
      prompt: text,
      prompt_id: createHash('sha256').update(JSON.stringify(turns)).digest('hex'),
      chosen: withAnswer(chosen),
      rejected: withAnswer(rejected),
      messages: withAnswer(chosen),
      score_chosen: probability,
      score_rejected: probability === null ? null : 1 - probability,
    };
  },
  'llama-factory': (prompt, { chosen, rejected }) => ({
    conversations: messagesOf(prompt).map(({ role, content }) => ({
      from: SPEAKERS[role] ?? role,
      value: content,
    })),
    chosen: { from: 'gpt', value: chosen },
    rejected: { from: 'gpt', value: rejected },
  }),
  hh: (prompt, { chosen, rejected }) => {
    const before = messagesOf(prompt).map(({ role, content }) => turnText(role, content));
    return {
      chosen: [...before, turnText('assistant', chosen)].join(''),
      rejected: [...before, turnText('assistant', rejected)].join(''),
    };
  },
};

const SPEAKERS: Readonly<Record<string, string>> = { user: 'human', assistant: 'gpt' };

/** hh has two speakers: what is neither's is said by the human. */
function turnText(role: string, content: string): string {
  return `\n\n${role === 'assistant' ? 'Assistant' : 'Human'}: ${content}`;
}

function messagesOf(prompt: Prompt): readonly Message[] {
  return typeof prompt === 'string' ? [{ role: 'user', content: prompt }] : prompt;
}

/** As TRL wants it: text after a text, messages after messages. */
function answer(prompt: Prompt, content: string): string | Message[] {
  return typeof prompt === 'string' ? content : [{ role: 'assistant', content }];
}
